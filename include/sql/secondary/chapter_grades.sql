-- A block may be in the course twice: it counts once, in the chapter where it first stands.
WITH problems AS (
  SELECT
    axis.module_id,
    axis.chapter_mid,
    axis.due,
  FROM
    transformed.course_axis AS axis
  WHERE
    axis.category = 'problem'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY axis.module_id ORDER BY axis.index) = 1
),

summed AS (
  SELECT
    problem.user_id,
    problems.chapter_mid,
    ROUND(SUM(problem.max_grade), 6) AS user_chapter_max_grade,
    ROUND(SUM(problem.grade), 6) AS chgrade,
    MAX(problems.due) AS due_date_max,
    MIN(problems.due) AS due_date_min,
  FROM
    secondary.problem_grades AS problem
  INNER JOIN problems
    ON problem.module_id = problems.module_id
  WHERE
    problem.attempted
    AND problems.chapter_mid IS NOT NULL
  GROUP BY
    problem.user_id,
    problems.chapter_mid
),

-- Of an even number of people the median is the lower of the two in the middle.
ranked AS (
  SELECT
    summed.*,
    ROW_NUMBER() OVER (PARTITION BY summed.chapter_mid ORDER BY summed.chgrade, summed.user_id) AS place,
    COUNT(*) OVER (PARTITION BY summed.chapter_mid) AS n,
  FROM
    summed
)

SELECT
  @course_id AS course_id,
  ranked.user_id,
  ranked.chapter_mid,
  ranked.user_chapter_max_grade,
  ranked.chgrade,
  ranked.due_date_max,
  ranked.due_date_min,
  MAX(
    CASE WHEN 2 * ranked.place IN (ranked.n, ranked.n + 1) THEN ranked.chgrade END
  ) OVER (PARTITION BY ranked.chapter_mid) AS median_grade,
  MAX(ranked.user_chapter_max_grade) OVER (PARTITION BY ranked.chapter_mid) AS chmax,
FROM
  ranked
