-- @until is the end of a window, whose export may be of a later day: problems that were opened since then are left out.
WITH ranked AS (
  SELECT
    module.*,
    -- edX has one row for each learner and block; if ever there were two, the one changed last is taken.
    ROW_NUMBER() OVER (
      PARTITION BY module.student_id, module.module_id
      ORDER BY module.modified DESC, module.id DESC
    ) AS place,
  FROM
    transformed.studentmodule AS module
  WHERE
    module.module_type = 'problem'
    AND REGEXP_CONTAINS(module.module_id, r'/problem/[^/]+$')
    AND COALESCE(module.created < TIMESTAMP(@until), TRUE)
)

SELECT
  @course_id AS course_id,
  ranked.student_id AS user_id,
  ranked.module_id,
  ranked.grade,
  ranked.max_grade,
  COALESCE(ranked.grade >= ranked.max_grade, FALSE) AS perfect,
  ranked.grade IS NOT NULL AS attempted,
FROM
  ranked
WHERE
  ranked.place = 1
