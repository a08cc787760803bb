WITH shown AS (
  SELECT DISTINCT
    click.username,
    click.module_id,
  FROM
    secondary.show_answer AS click
  WHERE
    click.module_id IS NOT NULL
),

people AS (
  SELECT
    person.user_id,
    person.username,
    person.explored,
    person.certified,
    COALESCE(person.mode = 'verified', FALSE) AS verified,
  FROM
    secondary.person_course AS person
  LEFT JOIN secondary.roles AS role
    ON person.user_id = role.user_id
  WHERE
    COALESCE(role.roles, 'Student') != 'Staff'
),

opened AS (
  SELECT
    people.user_id,
    people.explored,
    people.certified,
    people.verified,
    problem.grade,
    problem.perfect,
    problem.attempted,
    shown.module_id IS NOT NULL AS is_shown,
  FROM
    people
  INNER JOIN secondary.problem_grades AS problem
    ON people.user_id = problem.user_id
  LEFT JOIN shown
    ON
      people.username = shown.username
      AND problem.module_id = shown.module_id
),

counted AS (
  SELECT
    opened.user_id,
    opened.explored,
    opened.certified,
    opened.verified,
    COUNTIF(opened.is_shown) AS n_show_answer_problem_seen,
    COUNT(*) AS n_problems_seen,
    COUNTIF(NOT opened.attempted AND opened.is_shown) AS n_show_answer_not_attempted,
    COUNTIF(NOT opened.attempted) AS n_not_attempted,
    COUNTIF(opened.attempted AND opened.is_shown) AS n_show_answer_attempted,
    COUNTIF(opened.attempted) AS n_attempted,
    COUNTIF(opened.perfect AND opened.is_shown) AS n_show_answer_perfect,
    COUNTIF(opened.perfect) AS n_perfect,
    COUNTIF(opened.grade > 0 AND opened.is_shown) AS n_show_answer_partial,
    COUNTIF(opened.grade > 0) AS n_partial,
  FROM
    opened
  GROUP BY
    opened.user_id,
    opened.explored,
    opened.certified,
    opened.verified
)

SELECT
  @course_id AS course_id,
  counted.user_id,
  counted.explored,
  counted.certified,
  counted.verified,
  ROUND(
    100 * counted.n_show_answer_problem_seen / NULLIF(counted.n_problems_seen, 0), 6
  ) AS pct_show_answer_problem_seen,
  ROUND(
    100 * counted.n_show_answer_not_attempted / NULLIF(counted.n_not_attempted, 0), 6
  ) AS pct_show_answer_not_attempted,
  ROUND(100 * counted.n_show_answer_attempted / NULLIF(counted.n_attempted, 0), 6) AS pct_show_answer_attempted,
  ROUND(100 * counted.n_show_answer_perfect / NULLIF(counted.n_perfect, 0), 6) AS pct_show_answer_perfect,
  ROUND(100 * counted.n_show_answer_partial / NULLIF(counted.n_partial, 0), 6) AS pct_show_answer_partial,
  counted.n_show_answer_problem_seen,
  counted.n_problems_seen,
  counted.n_show_answer_not_attempted,
  counted.n_not_attempted,
  counted.n_show_answer_attempted,
  counted.n_attempted,
  counted.n_show_answer_perfect,
  counted.n_perfect,
  counted.n_show_answer_partial,
  counted.n_partial,
FROM
  counted
