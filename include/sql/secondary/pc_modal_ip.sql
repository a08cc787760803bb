-- @until is the end of a window, whose export may be of a later day: whoever came since then is left out.
WITH members AS (
  SELECT DISTINCT person.username,
  FROM
    transformed.user_info_combo AS person
  WHERE
    person.username != ''
    AND COALESCE(COALESCE(person.enrollment_created, person.date_joined) < TIMESTAMP(@until), TRUE)
)

SELECT
  @course_id AS course_id,
  members.username,
  modal.modal_ip AS course_modal_ip,
  modal.ip_count AS course_ip_count,
  modal.modal_ip,
  CASE WHEN modal.modal_ip IS NOT NULL THEN 'course' ELSE 'missing' END AS source,
FROM
  members
LEFT JOIN secondary.course_modal_ip AS modal
  ON members.username = modal.username
