-- @until is the end of a window, whose export may be of a later day: whoever and whatever came into being since then is
-- left out. What was there by then is as the export has it, which keeps no history.
WITH course AS (
  SELECT COUNT(DISTINCT axis.module_id) AS nchapters,
  FROM
    transformed.course_axis AS axis
  WHERE
    axis.category = 'chapter'
),

policy AS (
  SELECT MIN(cutoffs.cutoff) AS passing_grade,
  FROM
    transformed.grade_cutoffs AS cutoffs
),

members AS (
  SELECT
    person.*,
    COALESCE(person.certificate_created_date < TIMESTAMP(@until), TRUE) AS has_certificate,
  FROM
    transformed.user_info_combo AS person
  WHERE
    COALESCE(COALESCE(person.enrollment_created, person.date_joined) < TIMESTAMP(@until), TRUE)
),

people AS (
  SELECT
    members.*,
    chapters.nchapters,
    chapters.nchapters IS NOT NULL AS viewed,
    COALESCE(members.has_certificate AND members.certificate_status = 'downloadable', FALSE) AS certified,
    COALESCE(
      CASE WHEN members.has_certificate THEN members.certificate_grade END, members.edxinstructordash_Grade
    ) AS grade,
  FROM
    members
  LEFT JOIN secondary.pc_nchapters AS chapters
    ON members.user_id = chapters.user_id
)

SELECT
  @course_id AS course_id,
  people.user_id,
  people.username,
  TRUE AS registered,
  people.viewed,
  -- Twice the chapters opened, rather than half the chapters there are: 4 of 7 is explored, 3 of 7 is not.
  CASE
    WHEN people.viewed AND course.nchapters > 0 THEN 2 * people.nchapters >= course.nchapters
  END AS explored,
  people.certified,
  people.certified OR COALESCE(people.grade >= policy.passing_grade, FALSE) AS completed,
  people.grade,
  policy.passing_grade,
  people.enrollment_created AS start_time,
  people.enrollment_mode AS mode,
  people.enrollment_is_active AS is_active,
  CASE WHEN people.has_certificate THEN people.certificate_created_date END AS cert_created_date,
  CASE WHEN people.has_certificate THEN people.certificate_modified_date END AS cert_modified_date,
  CASE WHEN people.has_certificate THEN people.certificate_status END AS cert_status,
  people.profile_level_of_education AS LoE,
  people.profile_gender AS gender,
  people.profile_country,
  people.profile_year_of_birth AS YoB,
  people.y1_anomalous,
  LOWER(REGEXP_EXTRACT(people.email, r'@([^@\s]+)\s*$')) AS email_domain,
  people.nchapters,
  posts.nforum AS nforum_posts,
  posts.nthread AS nforum_threads,
  posts.ncomment AS nforum_comments,
  posts.nvotes AS nforum_votes,
  posts.nendorsed AS nforum_endorsed,
  posts.npinned AS nforum_pinned,
  activity.first_event,
  activity.last_event,
  activity.ndays_act,
  activity.nevents,
  activity.nprogcheck,
  activity.nshow_answer,
  activity.nshow_answer_server,
  activity.nvideo,
  activity.nproblem_check,
  activity.nproblem_check_server,
  activity.ntranscript,
  activity.nseq_goto,
  activity.nseek_video,
  activity.npause_video,
  activity.nforum AS nforum_events,
  activity.nvideo AS nplay_video,
  activity.avg_dt,
  activity.sdv_dt,
  activity.max_dt,
  activity.n_dt,
  activity.sum_dt,
  videos.n_unique_videos_watched AS nvideos_unique_viewed,
  videos.fract_total_videos_watched AS nvideos_total_watched,
  address.modal_ip AS ip,
  place.country AS cc_by_ip,
  place.countryLabel,
  place.continent,
  place.city,
  place.region_code AS region,
  place.subdivision,
  place.postalCode,
  place.latitude,
  place.longitude,
  place.un_region AS un_major_region,
  place.econ_group AS un_economic_group,
  place.developing_nation AS un_developing_nation,
  place.special_region1 AS un_special_region,
  transcript.language,
  transcript.language_download,
  transcript.language_nevents,
  transcript.language_ndiff,
  role.roles,
  role.roles_isBetaTester,
  role.roles_isInstructor,
  role.roles_isStaff,
  role.roles_isCCX,
  role.roles_isFinance,
  role.roles_isLibrary,
  role.roles_isSales,
  role.forumRoles_isAdmin,
  role.forumRoles_isCommunityTA,
  role.forumRoles_isModerator,
  role.forumRoles_isStudent,
  verified.verified_enroll_time,
  verified.verified_unenroll_time,
FROM
  people
CROSS JOIN course
CROSS JOIN policy
LEFT JOIN secondary.pc_forum AS posts
  ON people.user_id = posts.user_id
LEFT JOIN secondary.pc_day_totals AS activity
  ON people.username = activity.username
LEFT JOIN secondary.person_course_video_watched AS videos
  ON people.user_id = videos.user_id
LEFT JOIN secondary.pc_modal_ip AS address
  ON people.username = address.username
LEFT JOIN secondary.pc_geoip AS place
  ON people.username = place.username
LEFT JOIN secondary.course_modal_language AS transcript
  ON
    people.username = transcript.username
    AND transcript.resource = 'video'
LEFT JOIN secondary.roles AS role
  ON people.user_id = role.user_id
LEFT JOIN secondary.person_enrollment_verified AS verified
  ON people.user_id = verified.user_id
