SELECT
  COALESCE(person.profile_country, '') AS country,
  COUNT(*) AS registered,
  COUNTIF(person.viewed) AS viewed,
  COUNTIF(person.explored) AS explored,
  COUNTIF(person.certified) AS certified,
  COUNTIF(person.mode = 'verified') AS verified,
  COUNTIF(person.mode = 'verified' AND person.certified) AS cert_verified,
  ROUND(AVG(CASE WHEN person.certified THEN person.sum_dt END), 6) AS avg_certified_dt,
FROM
  report.person_course_latest AS person
GROUP BY
  COALESCE(person.profile_country, '')
