-- @until is the end of a window, whose export may be of a later day: whoever and whatever came into being since then is
-- left out. What was there by then is as the export has it, which keeps no history.
WITH course AS (
  SELECT COUNT(DISTINCT axis.module_id) AS nchapters,
  FROM
    transformed.course_axis AS axis
  WHERE
    axis.category = 'chapter'
),

chapters AS (
  SELECT
    module.student_id AS user_id,
    COUNT(DISTINCT module.module_id) AS nchapters,
  FROM
    transformed.studentmodule AS module
  WHERE
    module.module_type = 'chapter'
    AND COALESCE(module.created < TIMESTAMP(@until), TRUE)
  GROUP BY
    module.student_id
),

activity AS (
  SELECT
    day.username,
    MIN(day.first_event) AS first_event,
    MAX(day.last_event) AS last_event,
    COUNT(*) AS ndays_act,
    SUM(day.nevents) AS nevents,
    SUM(day.nprogcheck) AS nprogcheck,
    SUM(day.nshow_answer) AS nshow_answer,
    SUM(day.nvideo) AS nvideo,
    SUM(day.nproblem_check) AS nproblem_check,
    SUM(day.nproblem_check_server) AS nproblem_check_server,
    SUM(day.nforum) AS nforum_events,
    SUM(day.ntranscript) AS ntranscript,
    SUM(day.nseq_goto) AS nseq_goto,
    SUM(day.nseek_video) AS nseek_video,
    SUM(day.npause_video) AS npause_video,
    ROUND(AVG(day.avg_dt), 6) AS avg_dt,
    -- Days of one gap have no deviation of their own; they count in the divisor only, as they always did.
    ROUND(SQRT(SUM(day.sdv_dt * day.sdv_dt * day.n_dt) / NULLIF(SUM(day.n_dt), 0)), 6) AS sdv_dt,
    MAX(day.max_dt) AS max_dt,
    SUM(day.n_dt) AS n_dt,
    ROUND(SUM(day.sum_dt), 6) AS sum_dt,
  FROM
    secondary.person_course_day AS day
  GROUP BY
    day.username
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
  FROM
    members
  LEFT JOIN chapters
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
  people.certified AS completed,
  COALESCE(
    CASE WHEN people.has_certificate THEN people.certificate_grade END, people.edxinstructordash_Grade
  ) AS grade,
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
  activity.first_event,
  activity.last_event,
  activity.ndays_act,
  activity.nevents,
  activity.nprogcheck,
  activity.nshow_answer,
  activity.nvideo,
  activity.nproblem_check,
  activity.nproblem_check_server,
  activity.ntranscript,
  activity.nseq_goto,
  activity.nseek_video,
  activity.npause_video,
  activity.nforum_events,
  activity.nvideo AS nplay_video,
  activity.avg_dt,
  activity.sdv_dt,
  activity.max_dt,
  activity.n_dt,
  activity.sum_dt,
FROM
  people
CROSS JOIN course
LEFT JOIN activity
  ON people.username = activity.username
