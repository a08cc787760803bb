-- @until is the end of a window, whose export may be of a later day: problems that were opened since then do not count.
WITH answered AS (
  SELECT
    analysis.user_id,
    COUNTIF(box.correct_bool) AS ncorrect,
    COUNT(*) AS nattempts,
    COUNT(DISTINCT analysis.problem_url_name) AS nproblems,
  FROM
    transformed.problem_analysis AS analysis
  CROSS JOIN UNNEST(analysis.item) AS box
  WHERE
    COALESCE(analysis.created < TIMESTAMP(@until), TRUE)
  GROUP BY
    analysis.user_id
),

shown AS (
  SELECT
    click.username,
    COUNT(DISTINCT click.module_id) AS nproblems,
  FROM
    secondary.show_answer AS click
  GROUP BY
    click.username
),

viewers AS (
  SELECT
    person.user_id,
    person.certified,
    person.explored,
    answered.ncorrect,
    answered.nattempts,
    COALESCE(shown.nproblems, 0) AS nshow_answer_unique_problems,
    answered.nproblems,
    MAX(answered.nproblems) OVER () AS total_problems,
  FROM
    secondary.person_course AS person
  INNER JOIN answered
    ON person.user_id = answered.user_id
  LEFT JOIN shown
    ON person.username = shown.username
  WHERE
    person.viewed
)

SELECT
  @course_id AS course_id,
  viewers.user_id,
  viewers.certified,
  viewers.explored,
  ROUND(100 * viewers.ncorrect / viewers.nattempts, 6) AS percent_correct,
  viewers.nattempts,
  viewers.nshow_answer_unique_problems,
  viewers.nproblems,
  viewers.total_problems,
  ROUND(viewers.nproblems / viewers.total_problems, 6) AS frac_complete,
FROM
  viewers
