-- @until is the end of a window, whose export may be of a later day: grades that began since then are left out.
WITH ranked AS (
  SELECT
    grade.*,
    -- Two spellings of one subsection's id would be two rows of edX's: the one computed last is taken.
    ROW_NUMBER() OVER (
      PARTITION BY grade.user_id, grade.usage_key
      ORDER BY
        grade.modified DESC, grade.created DESC, grade.earned_all DESC, grade.possible_all DESC
    ) AS place,
  FROM
    transformed.grades_persistentsubsectiongrade AS grade
  WHERE
    grade.usage_key IS NOT NULL
    AND COALESCE(grade.created < TIMESTAMP(@until), TRUE)
)

SELECT
  @course_id AS course_id,
  ranked.user_id,
  ranked.usage_key,
  ranked.earned_all,
  ranked.possible_all,
  ranked.earned_graded,
  ranked.possible_graded,
  ranked.first_attempted,
  ranked.created,
  ranked.modified,
FROM
  ranked
WHERE
  ranked.place = 1
