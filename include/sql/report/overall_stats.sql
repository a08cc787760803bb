WITH courses AS (
  SELECT
    person.course_id,
    AVG(CASE WHEN person.certified THEN person.nprogcheck END) AS certified_nprogcheck,
    AVG(CASE WHEN person.viewed THEN person.nprogcheck END) AS nprogcheck,
  FROM
    report.person_course_latest AS person
  WHERE
    COALESCE(person.roles, 'Student') = 'Student'
  GROUP BY
    person.course_id
),

ratios AS (
  SELECT ROUND(AVG(courses.certified_nprogcheck / NULLIF(courses.nprogcheck, 0)), 6) AS ratio,
  FROM
    courses
),

people AS (
  SELECT
    person.*,
    COALESCE(person.roles, 'Student') = 'Student' AS is_student,
    COALESCE(person.roles, 'Student') = 'Student' AND person.mode = 'verified' AS is_verified,
  FROM
    report.person_course_latest AS person
),

totals AS (
  SELECT
    COUNT(DISTINCT person.course_id) AS n_courses,
    COUNTIF(person.is_student) AS registered,
    COUNTIF(person.is_student AND person.viewed) AS viewed,
    COUNTIF(person.is_student AND person.viewed AND person.explored) AS explored,
    COUNTIF(person.is_student AND person.viewed AND person.certified) AS certified,
    COUNTIF(person.is_verified) AS verified_id,
    COUNTIF(person.is_verified AND person.viewed) AS verified_viewed,
    COUNTIF(person.is_verified AND person.explored) AS verified_explored,
    COUNTIF(person.is_verified AND person.certified) AS verified_certified,
    COUNT(DISTINCT person.user_id) AS n_unique_registrants,
    COUNT(*) AS course_registrations,
    COUNTIF(person.is_student AND person.has_ip AND person.cc_by_ip IS NULL) AS n_missing_cc,
  FROM
    people AS person
)

SELECT
  'all courses' AS scope,
  totals.n_courses,
  totals.registered,
  totals.viewed,
  totals.explored,
  totals.certified,
  totals.verified_id,
  totals.verified_viewed,
  totals.verified_explored,
  totals.verified_certified,
  ROUND(100 * totals.verified_certified / NULLIF(totals.verified_id, 0), 6) AS verified_certification_pct,
  ratios.ratio AS avg_nprogcheck_ratio_cert_vs_all,
  totals.n_unique_registrants,
  totals.course_registrations,
  totals.n_missing_cc,
FROM
  totals
CROSS JOIN ratios
WHERE
  totals.course_registrations > 0
