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
        "user_api_usercoursetag": "user_id course_id key value",
        "student_anonymoususerid": "id user_id anonymous_user_id course_id",
        "student_languageproficiency": "id user_profile_id code",
        "course_groups_cohortmembership": "id course_user_group_id user_id course_id",
        "grades_persistentcoursegrade": """
            course_id user_id course_edited_timestamp course_version grading_policy_hash percent_grade letter_grade
            passed_timestamp created modified""",
    }.items()
}
