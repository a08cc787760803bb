-- A median is the mean of the one or two middle values: those whose place, twice, is the number of values, or one or
-- two more. Of fewer than ten people it may tell what one of them did, and is left out.
WITH students AS (
  SELECT
    spent.course_id,
    spent.total_time_30 / 3600 AS total_hours,
    spent.total_problem_time_30 / 3600 AS problem_hours,
    spent.total_video_time_30 / 3600 AS video_hours,
    spent.total_forum_time_30 / 3600 AS forum_hours,
    spent.serial_problem_time_30 / 3600 AS problem_serial_hours,
    spent.serial_video_time_30 / 3600 AS video_serial_hours,
    spent.serial_forum_time_30 / 3600 AS forum_serial_hours,
    person.viewed,
    person.certified,
    person.mode,
    person.snapshot_date,
  FROM
    secondary.time_on_task_totals AS spent
  INNER JOIN secondary.person_course AS person
    ON spent.course_id = person.course_id AND spent.username = person.username
  LEFT JOIN secondary.roles AS role
    ON person.course_id = role.course_id AND person.user_id = role.user_id
  WHERE
    COALESCE(role.roles, 'Student') = 'Student'
),

measures AS (
  SELECT
    student.course_id,
    student.snapshot_date,
    population,
    measure,
    CASE measure
      WHEN 'total' THEN student.total_hours
      WHEN 'problem' THEN student.problem_hours
      WHEN 'video' THEN student.video_hours
      WHEN 'forum' THEN student.forum_hours
      WHEN 'problem_serial' THEN student.problem_serial_hours
      WHEN 'video_serial' THEN student.video_serial_hours
      WHEN 'forum_serial' THEN student.forum_serial_hours
    END AS hours,
  FROM
    students AS student
  CROSS JOIN UNNEST(['all', 'viewed', 'certified', 'verified']) AS population
  CROSS JOIN
    UNNEST([
      'total', 'problem', 'video', 'forum',
      'problem_serial', 'video_serial', 'forum_serial'
    ]) AS measure
  WHERE
    population = 'all'
    OR (population = 'viewed' AND student.viewed)
    OR (population = 'certified' AND student.certified)
    OR (population = 'verified' AND student.mode = 'verified')
),

places AS (
  SELECT
    measures.*,
    COUNT(*) OVER (PARTITION BY measures.course_id, measures.population, measures.measure) AS n,
    ROW_NUMBER() OVER (
      PARTITION BY measures.course_id, measures.population, measures.measure
      ORDER BY measures.hours
    ) AS place,
  FROM
    measures
),

stats AS (
  SELECT
    places.course_id,
    places.snapshot_date,
    CONCAT(places.measure, ' ', places.population) AS name,
    ROUND(SUM(places.hours), 6) AS total,
    ROUND(
      AVG(CASE WHEN places.n >= 10 AND 2 * places.place - places.n IN (0, 1, 2) THEN places.hours END), 6
    ) AS median,
  FROM
    places
  GROUP BY
    places.course_id,
    places.snapshot_date,
    places.measure,
    places.population
)

SELECT
  stats.course_id,
  MAX(CASE WHEN stats.name = 'total all' THEN stats.total END) AS sum_total_hours,
  MAX(CASE WHEN stats.name = 'problem all' THEN stats.total END) AS sum_problem_hours,
  MAX(CASE WHEN stats.name = 'video all' THEN stats.total END) AS sum_video_hours,
  MAX(CASE WHEN stats.name = 'forum all' THEN stats.total END) AS sum_forum_hours,
  MAX(CASE WHEN stats.name = 'problem_serial all' THEN stats.total END) AS sum_problem_serial_hours,
  MAX(CASE WHEN stats.name = 'video_serial all' THEN stats.total END) AS sum_video_serial_hours,
  MAX(CASE WHEN stats.name = 'forum_serial all' THEN stats.total END) AS sum_forum_serial_hours,
  MAX(CASE WHEN stats.name = 'total viewed' THEN stats.total END) AS sum_total_hours_viewed,
  MAX(CASE WHEN stats.name = 'problem viewed' THEN stats.total END) AS sum_problem_hours_viewed,
  MAX(CASE WHEN stats.name = 'video viewed' THEN stats.total END) AS sum_video_hours_viewed,
  MAX(CASE WHEN stats.name = 'forum viewed' THEN stats.total END) AS sum_forum_hours_viewed,
  MAX(CASE WHEN stats.name = 'problem_serial viewed' THEN stats.total END) AS sum_problem_serial_hours_viewed,
  MAX(CASE WHEN stats.name = 'video_serial viewed' THEN stats.total END) AS sum_video_serial_hours_viewed,
  MAX(CASE WHEN stats.name = 'forum_serial viewed' THEN stats.total END) AS sum_forum_serial_hours_viewed,
  MAX(CASE WHEN stats.name = 'total certified' THEN stats.total END) AS sum_total_hours_certified,
  MAX(CASE WHEN stats.name = 'problem certified' THEN stats.total END) AS sum_problem_hours_certified,
  MAX(CASE WHEN stats.name = 'video certified' THEN stats.total END) AS sum_video_hours_certified,
  MAX(CASE WHEN stats.name = 'forum certified' THEN stats.total END) AS sum_forum_hours_certified,
  MAX(CASE WHEN stats.name = 'problem_serial certified' THEN stats.total END) AS sum_problem_serial_hours_certified,
  MAX(CASE WHEN stats.name = 'video_serial certified' THEN stats.total END) AS sum_video_serial_hours_certified,
  MAX(CASE WHEN stats.name = 'forum_serial certified' THEN stats.total END) AS sum_forum_serial_hours_certified,
  MAX(CASE WHEN stats.name = 'total verified' THEN stats.total END) AS sum_total_hours_verified,
  MAX(CASE WHEN stats.name = 'problem verified' THEN stats.total END) AS sum_problem_hours_verified,
  MAX(CASE WHEN stats.name = 'video verified' THEN stats.total END) AS sum_video_hours_verified,
  MAX(CASE WHEN stats.name = 'forum verified' THEN stats.total END) AS sum_forum_hours_verified,
  MAX(CASE WHEN stats.name = 'problem_serial verified' THEN stats.total END) AS sum_problem_serial_hours_verified,
  MAX(CASE WHEN stats.name = 'video_serial verified' THEN stats.total END) AS sum_video_serial_hours_verified,
  MAX(CASE WHEN stats.name = 'forum_serial verified' THEN stats.total END) AS sum_forum_serial_hours_verified,
  MAX(CASE WHEN stats.name = 'total all' THEN stats.median END) AS median_total_hours,
  MAX(CASE WHEN stats.name = 'problem all' THEN stats.median END) AS median_problem_hours,
  MAX(CASE WHEN stats.name = 'video all' THEN stats.median END) AS median_video_hours,
  MAX(CASE WHEN stats.name = 'forum all' THEN stats.median END) AS median_forum_hours,
  MAX(CASE WHEN stats.name = 'problem_serial all' THEN stats.median END) AS median_problem_serial_hours,
  MAX(CASE WHEN stats.name = 'video_serial all' THEN stats.median END) AS median_video_serial_hours,
  MAX(CASE WHEN stats.name = 'forum_serial all' THEN stats.median END) AS median_forum_serial_hours,
  MAX(CASE WHEN stats.name = 'total viewed' THEN stats.median END) AS median_total_hours_viewed,
  MAX(CASE WHEN stats.name = 'problem viewed' THEN stats.median END) AS median_problem_hours_viewed,
  MAX(CASE WHEN stats.name = 'video viewed' THEN stats.median END) AS median_video_hours_viewed,
  MAX(CASE WHEN stats.name = 'forum viewed' THEN stats.median END) AS median_forum_hours_viewed,
  MAX(CASE WHEN stats.name = 'problem_serial viewed' THEN stats.median END) AS median_problem_serial_hours_viewed,
  MAX(CASE WHEN stats.name = 'video_serial viewed' THEN stats.median END) AS median_video_serial_hours_viewed,
  MAX(CASE WHEN stats.name = 'forum_serial viewed' THEN stats.median END) AS median_forum_serial_hours_viewed,
  MAX(CASE WHEN stats.name = 'total certified' THEN stats.median END) AS median_total_hours_certified,
  MAX(CASE WHEN stats.name = 'problem certified' THEN stats.median END) AS median_problem_hours_certified,
  MAX(CASE WHEN stats.name = 'video certified' THEN stats.median END) AS median_video_hours_certified,
  MAX(CASE WHEN stats.name = 'forum certified' THEN stats.median END) AS median_forum_hours_certified,
  MAX(CASE WHEN stats.name = 'problem_serial certified' THEN stats.median END) AS median_problem_serial_hours_certified,
  MAX(CASE WHEN stats.name = 'video_serial certified' THEN stats.median END) AS median_video_serial_hours_certified,
  MAX(CASE WHEN stats.name = 'forum_serial certified' THEN stats.median END) AS median_forum_serial_hours_certified,
  MAX(CASE WHEN stats.name = 'total verified' THEN stats.median END) AS median_total_hours_verified,
  MAX(CASE WHEN stats.name = 'problem verified' THEN stats.median END) AS median_problem_hours_verified,
  MAX(CASE WHEN stats.name = 'video verified' THEN stats.median END) AS median_video_hours_verified,
  MAX(CASE WHEN stats.name = 'forum verified' THEN stats.median END) AS median_forum_hours_verified,
  MAX(CASE WHEN stats.name = 'problem_serial verified' THEN stats.median END) AS median_problem_serial_hours_verified,
  MAX(CASE WHEN stats.name = 'video_serial verified' THEN stats.median END) AS median_video_serial_hours_verified,
  MAX(CASE WHEN stats.name = 'forum_serial verified' THEN stats.median END) AS median_forum_serial_hours_verified,
  stats.snapshot_date,
FROM
  stats
GROUP BY
  stats.course_id,
  stats.snapshot_date
