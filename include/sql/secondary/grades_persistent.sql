-- @until is the end of a window, whose export may be of a later day: grades that began since then are left out.
WITH ranked AS (
  SELECT
    grade.*,
    -- edX has one row for each learner; if ever there were two, the one computed last is taken.
    ROW_NUMBER() OVER (
      PARTITION BY grade.user_id
      ORDER BY grade.modified DESC, grade.created DESC, grade.percent_grade DESC, grade.letter_grade DESC
    ) AS place,
  FROM
    transformed.grades_persistentcoursegrade AS grade
  WHERE
    COALESCE(grade.created < TIMESTAMP(@until), TRUE)
)

SELECT
  @course_id AS course_id,
  ranked.user_id,
  ranked.grading_policy_hash,
  ranked.percent_grade,
  ranked.letter_grade,
  ranked.passed_timestamp,
  ranked.created,
  ranked.modified,
FROM
  ranked
WHERE
  ranked.place = 1
