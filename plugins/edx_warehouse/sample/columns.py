"""The columns of the database exports, in the order in which edX delivers them."""

from collections.abc import Mapping

COLUMNS: Mapping[str, tuple[str, ...]] = {
    table: tuple(columns.split())
    for table, columns in {
        "auth_user": """
            id username first_name last_name email password is_staff is_active is_superuser last_login date_joined""",
        "auth_userprofile": """
            id user_id name language location meta courseware gender mailing_address year_of_birth level_of_education
            goals allow_certificate country city bio profile_image_uploaded_at""",
        "student_courseenrollment": "id user_id course_id created is_active mode",
        "certificates_generatedcertificate": """
            id user_id download_url grade course_id key distinction status verify_uuid download_uuid name created_date
            modified_date error_reason mode""",
        "courseware_studentmodule": """
            id module_type module_id student_id state grade created modified max_grade done course_id""",
        "student_courseaccessrole": "org course_id user_id role",
        "django_comment_client_role_users": "course_id user_id name",
        "user_id_map": "hash_id id username",
        "user_api_usercoursetag": "user_id key course_id value",
        "student_anonymoususerid": "id user_id anonymous_user_id course_id",
        "student_languageproficiency": "id user_profile_id code",
        "course_groups_cohortmembership": "id course_user_group_id user_id course_id",
        "grades_persistentcoursegrade": """
            course_id user_id course_edited_timestamp course_version grading_policy_hash percent_grade letter_grade
            passed_timestamp created modified""",
    }.items()
}
#: Of tables that only some courses have.
EXTRA_COLUMNS: Mapping[str, tuple[str, ...]] = {
    table: tuple(columns.split())
    for table, columns in {
        "grades_persistentsubsectiongrade": """
            course_id user_id usage_key earned_all possible_all earned_graded possible_graded first_attempted created
            modified""",
        "credit_crediteligibility": "id created modified username deadline course_id",
        "teams": """
            id team_id discussion_topic_id name is_active course_id topic_id date_created description country language
            last_activity_at team_size organization_protected external_id""",
        "teams_membership": "id user_id team_id date_joined last_activity_at",
        "wiki_article": """
            id current_revision_id created modified owner_id group_id group_read group_write other_read other_write""",
        "wiki_articlerevision": """
            id revision_number user_message automatic_log ip_address user_id modified created previous_revision_id
            deleted locked article_id content title""",
        "verify_student_verificationstatus": "timestamp status course_id checkpoint_location user_id",
        "submissions_studentitem": "id student_id course_id item_id item_type",
        "submissions_submission": """
            id uuid student_item_id attempt_number submitted_at created_at raw_answer status
            team_submission_id""",
        "submissions_score": "id student_item_id submission_id points_earned points_possible created_at reset",
        "submissions_scoresummary": "id student_item_id highest_id latest_id",
        "submissions_scoreannotation": "id score_id annotation_type creator reason",
        "workflow_assessmentworkflow": """
            id created modified status status_changed submission_uuid uuid course_id item_id""",
        "workflow_assessmentworkflowstep": """
            id workflow_id name submitter_completed_at assessment_completed_at order_num skipped""",
        "workflow_assessmentworkflowcancellation": "id workflow_id comments cancelled_by_id created_at",
        "assessment_rubric": "id content_hash structure_hash",
        "assessment_criterion": "id rubric_id name label order_num prompt",
        "assessment_criterionoption": "id criterion_id order_num points name label explanation",
        "assessment_assessment": "id submission_uuid rubric_id scored_at scorer_id score_type feedback",
        "assessment_assessmentpart": "id assessment_id criterion_id option_id feedback",
        "assessment_assessmentfeedback": "id submission_uuid feedback_text",
        "assessment_assessmentfeedback_assessments": "id assessmentfeedback_id assessment_id",
        "assessment_assessmentfeedback_options": "id assessmentfeedback_id assessmentfeedbackoption_id",
        "assessment_assessmentfeedbackoption": "id text",
        "assessment_peerworkflow": """
            id student_id item_id course_id submission_uuid created_at completed_at grading_completed_at
            cancelled_at""",
        "assessment_peerworkflowitem": "id scorer_id author_id submission_uuid started_at assessment_id scored",
        "assessment_staffworkflow": """
            id scorer_id course_id item_id submission_uuid created_at grading_completed_at grading_started_at
            cancelled_at assessment""",
        "assessment_studenttrainingworkflow": "id submission_uuid student_id item_id course_id",
        "assessment_studenttrainingworkflowitem": """
            id workflow_id order_num started_at completed_at training_example_id""",
        "assessment_trainingexample": "id raw_answer rubric_id content_hash",
        "assessment_trainingexample_options_selected": "id trainingexample_id criterionoption_id",
    }.items()
}
