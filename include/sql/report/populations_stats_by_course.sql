SELECT
  person.course_id,
  COUNT(*) AS registered_sum,
  COUNTIF(person.viewed) AS viewed_sum,
  COUNTIF(person.explored) AS explored_sum,
  COUNTIF(person.certified) AS certified_sum,
  COUNTIF(person.has_ip) AS n_have_ip,
  COUNTIF(person.has_ip AND person.cc_by_ip IS NULL) AS n_missing_cc,
  MAX(person.snapshot_date) AS snapshot_date,
FROM
  report.person_course_latest AS person
WHERE
  COALESCE(person.roles, 'Student') = 'Student'
GROUP BY
  person.course_id
