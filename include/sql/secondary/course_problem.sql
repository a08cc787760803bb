WITH problems AS (
  SELECT
    item.problem_nid,
    item.problem_id,
    item.problem_short_id,
    item.problem_name,
    item.is_split,
    item.split_name,
    item.problem_points_possible,
  FROM
    secondary.course_item AS item
  WHERE
    item.item_number = 1
),

scores AS (
  SELECT
    person.problem_nid,
    ROUND(AVG(person.problem_raw_score), 6) AS avg_problem_raw_score,
    ROUND(STDDEV_SAMP(person.problem_raw_score), 6) AS sdv_problem_raw_score,
    ROUND(AVG(person.problem_pct_score), 6) AS avg_problem_pct_score,
    COUNT(*) AS n_unique_users_attempted,
  FROM
    secondary.person_problem AS person
  GROUP BY
    person.problem_nid
)

SELECT
  @course_id AS course_id,
  problems.problem_nid,
  problems.problem_id,
  problems.problem_short_id,
  scores.avg_problem_raw_score,
  scores.sdv_problem_raw_score,
  problems.problem_points_possible AS max_possible_raw_score,
  scores.avg_problem_pct_score,
  scores.n_unique_users_attempted,
  problems.problem_name,
  problems.is_split,
  problems.split_name,
FROM
  problems
INNER JOIN scores
  ON problems.problem_nid = scores.problem_nid
