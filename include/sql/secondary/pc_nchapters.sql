-- @until is the end of a window, whose export may be of a later day: what was opened since then is left out.
SELECT
  @course_id AS course_id,
  module.student_id AS user_id,
  COUNT(DISTINCT module.module_id) AS nchapters,
FROM
  transformed.studentmodule AS module
WHERE
  module.module_type = 'chapter'
  AND COALESCE(module.created < TIMESTAMP(@until), TRUE)
GROUP BY
  module.student_id
