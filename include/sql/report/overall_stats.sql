SELECT
  'all courses' AS scope,
  COUNT(DISTINCT person.course_id) AS n_courses,
  COUNT(*) AS course_registrations,
  COUNT(DISTINCT person.user_id) AS n_unique_registrants,
  COUNTIF(person.viewed) AS viewed_sum,
  COUNTIF(person.explored) AS explored_sum,
  COUNTIF(person.certified) AS certified_sum,
  COUNTIF(person.mode = 'verified') AS n_verified_id,
  ROUND(
    100 * COUNTIF(person.mode = 'verified' AND person.certified) / NULLIF(COUNTIF(person.mode = 'verified'), 0), 6
  ) AS verified_certification_pct,
  ROUND(
    AVG(CASE WHEN person.certified THEN person.nprogcheck END) / NULLIF(AVG(person.nprogcheck), 0), 6
  ) AS avg_nprogcheck_ratio_cert_vs_all,
FROM
  report.person_course_latest AS person
HAVING
  COUNT(*) > 0
