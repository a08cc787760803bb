-- @until is the end of a window, whose export may be of a later day: problems that were opened since then are left out.
WITH answered AS (
  SELECT
    analysis.user_id,
    analysis.problem_url_name AS problem_id,
    box.answer_id AS item_id,
    box.correct_bool,
    analysis.grade,
    analysis.attempts,
    analysis.created,
  FROM
    transformed.problem_analysis AS analysis
  CROSS JOIN UNNEST(analysis.item) AS box
  WHERE
    COALESCE(analysis.created < TIMESTAMP(@until), TRUE)
)

-- edX has one state for each learner and problem; if ever there were two, the better of each is taken.
SELECT
  answered.user_id,
  @course_id AS course_id,
  course_item.item_short_id,
  course_item.item_nid,
  MAX(CASE WHEN answered.correct_bool THEN 1 ELSE 0 END) AS item_grade,
  MAX(answered.grade) AS grade,
  MAX(answered.attempts) AS n_attempts,
  MAX(answered.created) AS date,
FROM
  answered
INNER JOIN secondary.course_item AS course_item
  ON
    answered.problem_id = course_item.problem_id
    AND answered.item_id = course_item.item_id
GROUP BY
  answered.user_id,
  course_item.item_short_id,
  course_item.item_nid
