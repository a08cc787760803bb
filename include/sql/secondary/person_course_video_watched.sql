-- @until is the end of a window, whose export may be of a later day: whoever and whatever came into being since then is
-- left out. viewed and certified are told as person_course tells them; it reads this table, so this cannot read it.
WITH course AS (
  SELECT COUNT(DISTINCT axis.video_id) AS nvideos,
  FROM
    secondary.video_axis AS axis
),

course_videos AS (
  SELECT DISTINCT axis.video_id,
  FROM
    secondary.video_axis AS axis
),

watched AS (
  SELECT
    day.username,
    COUNT(DISTINCT day.video_id) AS n_unique_videos,
    COUNT(DISTINCT course_videos.video_id) AS n_course_videos,
  FROM
    secondary.video_stats_day AS day
  LEFT JOIN course_videos
    ON day.video_id = course_videos.video_id
  GROUP BY
    day.username
),

viewers AS (
  SELECT DISTINCT module.student_id AS user_id,
  FROM
    transformed.studentmodule AS module
  WHERE
    module.module_type = 'chapter'
    AND COALESCE(module.created < TIMESTAMP(@until), TRUE)
)

SELECT
  person.user_id,
  @course_id AS course_id,
  watched.n_unique_videos AS n_unique_videos_watched,
  ROUND(watched.n_course_videos / NULLIF(course.nvideos, 0), 6) AS fract_total_videos_watched,
  viewers.user_id IS NOT NULL AS viewed,
  COALESCE(
    person.certificate_status = 'downloadable'
    AND COALESCE(person.certificate_created_date < TIMESTAMP(@until), TRUE),
    FALSE
  ) AS certified,
  COALESCE(person.enrollment_mode = 'verified', FALSE) AS verified,
FROM
  transformed.user_info_combo AS person
INNER JOIN watched
  ON person.username = watched.username
CROSS JOIN course
LEFT JOIN viewers
  ON person.user_id = viewers.user_id
WHERE
  COALESCE(COALESCE(person.enrollment_created, person.date_joined) < TIMESTAMP(@until), TRUE)
