WITH answered AS (
  SELECT
    problem.problem_nid,
    COALESCE(problem.n_attempts = 1 AND problem.problem_pct_score = 100, FALSE) AS is_first_correct,
    COALESCE(person.certified, FALSE) AS certified,
    COALESCE(person.completed, FALSE) AS completed,
    COALESCE(person.explored, FALSE) AS explored,
  FROM
    secondary.person_problem AS problem
  LEFT JOIN secondary.person_course AS person
    ON problem.user_id = person.user_id
),

counted AS (
  SELECT
    answered.problem_nid,
    COUNTIF(answered.certified AND answered.is_first_correct) AS n_first_attempt_correct_by_certified,
    COUNTIF(answered.certified) AS n_certified_users_attempted,
    COUNTIF(answered.completed AND answered.is_first_correct) AS n_first_attempt_correct_by_completed,
    COUNTIF(answered.completed) AS n_completed_users_attempted,
    COUNTIF(answered.explored AND answered.is_first_correct) AS n_first_attempt_correct_by_explored,
    COUNTIF(answered.explored) AS n_explored_users_attempted,
  FROM
    answered
  GROUP BY
    answered.problem_nid
)

SELECT
  @course_id AS course_id,
  counted.problem_nid,
  counted.n_first_attempt_correct_by_certified,
  counted.n_certified_users_attempted,
  ROUND(
    100 * counted.n_first_attempt_correct_by_certified / NULLIF(counted.n_certified_users_attempted, 0), 6
  ) AS pct_correct_first_attempt_by_certified,
  counted.n_first_attempt_correct_by_completed,
  counted.n_completed_users_attempted,
  ROUND(
    100 * counted.n_first_attempt_correct_by_completed / NULLIF(counted.n_completed_users_attempted, 0), 6
  ) AS pct_correct_first_attempt_by_completed,
  counted.n_first_attempt_correct_by_explored,
  counted.n_explored_users_attempted,
  ROUND(
    100 * counted.n_first_attempt_correct_by_explored / NULLIF(counted.n_explored_users_attempted, 0), 6
  ) AS pct_correct_first_attempt_by_explored,
FROM
  counted
