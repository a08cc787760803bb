SELECT
  COALESCE(person.cc_by_ip, '') AS cc,
  MAX(person.countryLabel) AS countryLabel,
  COUNTIF(person.certified) AS ncertified,
  COUNT(*) AS nregistered,
  COUNTIF(person.viewed) AS nviewed,
  COUNTIF(person.explored) AS nexplored,
  COUNTIF(person.mode = 'verified') AS nverified,
  COUNTIF(person.mode = 'verified' AND person.certified) AS ncert_verified,
  ROUND(AVG(CASE WHEN person.certified THEN person.avg_dt END), 6) AS avg_certified_dt,
FROM
  report.person_course_latest AS person
WHERE
  COALESCE(person.roles, 'Student') = 'Student'
GROUP BY
  COALESCE(person.cc_by_ip, '')
