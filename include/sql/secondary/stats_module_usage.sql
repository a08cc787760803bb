-- @until is the end of a window, whose export may be of a later day: whoever opened a block since then does not count.
SELECT
  @course_id AS course_id,
  -- The kind inside the id is the more trustworthy one; an id of another form has none.
  COALESCE(
    REGEXP_EXTRACT(module.module_id, r'^[^/]+/[^/]+/([^/]+)/[^/]+$'), MAX(module.module_type)
  ) AS module_type,
  module.module_id,
  COUNT(*) AS ncount,
FROM
  transformed.studentmodule AS module
WHERE
  COALESCE(module.created < TIMESTAMP(@until), TRUE)
GROUP BY
  module.module_id
