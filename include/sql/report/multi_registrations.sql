SELECT
  person.user_id,
  COUNT(*) AS n_courses_registered,
FROM
  report.person_course_latest AS person
GROUP BY
  person.user_id
