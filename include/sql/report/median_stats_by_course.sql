-- A median is the mean of the one or two middle values: those whose place, twice, is the number of values, or one or
-- two more. Of fewer than ten people it may tell what one of them did, and is left out.
WITH students AS (
  SELECT
    person.*,
    EXTRACT(YEAR FROM person.start_time) - person.YoB AS age,
  FROM
    secondary.person_course AS person
  LEFT JOIN secondary.roles AS role
    ON person.course_id = role.course_id AND person.user_id = role.user_id
  WHERE
    COALESCE(role.roles, 'Student') = 'Student'
    AND person.viewed
),

populations AS (
  SELECT
    student.*,
    population,
  FROM
    students AS student
  CROSS JOIN UNNEST(['viewed', 'explored', 'certified', 'verified']) AS population
  WHERE
    population = 'viewed'
    OR (population = 'explored' AND student.explored)
    OR (population = 'certified' AND student.certified)
    OR (population = 'verified' AND student.mode = 'verified')
),

measures AS (
  SELECT
    student.course_id,
    student.population,
    measure,
    CASE measure
      WHEN 'nplay_video' THEN student.nplay_video
      WHEN 'ndays_act' THEN student.ndays_act
      WHEN 'nchapters' THEN student.nchapters
      WHEN 'nevents' THEN student.nevents
      WHEN 'nforum_posts' THEN student.nforum_posts
      WHEN 'nforum_votes' THEN student.nforum_votes
      WHEN 'nforum_endorsed' THEN student.nforum_endorsed
      WHEN 'nforum_threads' THEN student.nforum_threads
      WHEN 'nforum_comments' THEN student.nforum_comments
      WHEN 'grade' THEN student.grade
      WHEN 'nprogcheck' THEN student.nprogcheck
      WHEN 'nshow_answer' THEN student.nshow_answer
      WHEN 'npause_video' THEN student.npause_video
      WHEN 'avg_dt' THEN student.avg_dt
      WHEN 'sum_dt' THEN student.sum_dt
      WHEN 'age' THEN student.age
    END AS value,
  FROM
    populations AS student
  CROSS JOIN UNNEST([
    'nplay_video', 'ndays_act', 'nchapters', 'nevents', 'nforum_posts', 'nforum_votes', 'nforum_endorsed',
    'nforum_threads', 'nforum_comments', 'grade', 'nprogcheck', 'nshow_answer', 'npause_video', 'avg_dt', 'sum_dt',
    'age'
  ]) AS measure
),

places AS (
  SELECT
    measures.*,
    COUNT(*) OVER (PARTITION BY measures.course_id, measures.population, measures.measure) AS n,
    ROW_NUMBER() OVER (
      PARTITION BY measures.course_id, measures.population, measures.measure
      ORDER BY measures.value
    ) AS place,
  FROM
    measures
  WHERE
    measures.value IS NOT NULL
),

medians AS (
  SELECT
    places.course_id,
    places.population,
    places.measure,
    ROUND(
      AVG(CASE WHEN places.n >= 10 AND 2 * places.place - places.n IN (0, 1, 2) THEN places.value END), 6
    ) AS median,
  FROM
    places
  GROUP BY
    places.course_id,
    places.population,
    places.measure
),

courses AS (
  SELECT
    medians.course_id,
    medians.population,
    MAX(CASE WHEN medians.measure = 'nplay_video' THEN medians.median END) AS nplay_video_median,
    MAX(CASE WHEN medians.measure = 'ndays_act' THEN medians.median END) AS ndays_act_median,
    MAX(CASE WHEN medians.measure = 'nchapters' THEN medians.median END) AS nchapters_median,
    MAX(CASE WHEN medians.measure = 'nevents' THEN medians.median END) AS nevents_median,
    MAX(CASE WHEN medians.measure = 'nforum_posts' THEN medians.median END) AS nforum_posts_median,
    MAX(CASE WHEN medians.measure = 'nforum_votes' THEN medians.median END) AS nforum_votes_median,
    MAX(CASE WHEN medians.measure = 'nforum_endorsed' THEN medians.median END) AS nforum_endorsed_median,
    MAX(CASE WHEN medians.measure = 'nforum_threads' THEN medians.median END) AS nforum_threads_median,
    MAX(CASE WHEN medians.measure = 'nforum_comments' THEN medians.median END) AS nforum_comments_median,
    MAX(CASE WHEN medians.measure = 'grade' THEN medians.median END) AS grade_median,
    MAX(CASE WHEN medians.measure = 'nprogcheck' THEN medians.median END) AS nprogcheck_median,
    MAX(CASE WHEN medians.measure = 'nshow_answer' THEN medians.median END) AS nshow_answer_median,
    MAX(CASE WHEN medians.measure = 'npause_video' THEN medians.median END) AS npause_video_median,
    MAX(CASE WHEN medians.measure = 'avg_dt' THEN medians.median END) AS avg_dt_median,
    MAX(CASE WHEN medians.measure = 'sum_dt' THEN medians.median END) AS sum_dt_median,
    MAX(CASE WHEN medians.measure = 'age' THEN medians.median END) AS age_median,
  FROM
    medians
  GROUP BY
    medians.course_id,
    medians.population
),

counts AS (
  SELECT
    student.course_id,
    student.population,
    student.snapshot_date,
    COUNTIF(student.nplay_video > 0) AS sum_n_nonzero_play_video,
    COUNTIF(student.nforum_posts > 0) AS sum_n_nonzero_nforum_posts,
    COUNTIF(student.grade > 0) AS sum_n_nonzero_grade,
    COUNT(*) AS n_records,
  FROM
    populations AS student
  GROUP BY
    student.course_id,
    student.population,
    student.snapshot_date
)

SELECT
  counts.course_id,
  counts.population,
  courses.nplay_video_median,
  courses.ndays_act_median,
  courses.nchapters_median,
  courses.nevents_median,
  courses.nforum_posts_median,
  courses.nforum_votes_median,
  courses.nforum_endorsed_median,
  courses.nforum_threads_median,
  courses.nforum_comments_median,
  courses.grade_median,
  courses.nprogcheck_median,
  courses.nshow_answer_median,
  courses.npause_video_median,
  courses.avg_dt_median,
  courses.sum_dt_median,
  courses.age_median,
  ROUND(counts.sum_n_nonzero_play_video / counts.n_records, 6) AS frac_nonzero_play_video,
  counts.sum_n_nonzero_play_video,
  ROUND(counts.sum_n_nonzero_nforum_posts / counts.n_records, 6) AS frac_nonzero_nforum_posts,
  counts.sum_n_nonzero_nforum_posts,
  ROUND(counts.sum_n_nonzero_grade / counts.n_records, 6) AS frac_nonzero_grade,
  counts.sum_n_nonzero_grade,
  counts.n_records,
  counts.snapshot_date,
FROM
  counts
LEFT JOIN courses
  ON counts.course_id = courses.course_id AND counts.population = courses.population
