SELECT
  person_item.user_id,
  @course_id AS course_id,
  course_item.problem_nid,
  SUM(person_item.item_grade) AS problem_raw_score,
  ROUND(100 * SUM(person_item.item_grade) / SUM(course_item.item_points_possible), 6) AS problem_pct_score,
  MAX(person_item.grade) AS grade,
  MAX(person_item.n_attempts) AS n_attempts,
  MAX(person_item.date) AS date,
FROM
  secondary.person_item AS person_item
INNER JOIN secondary.course_item AS course_item
  ON person_item.item_nid = course_item.item_nid
GROUP BY
  person_item.user_id,
  course_item.problem_nid
