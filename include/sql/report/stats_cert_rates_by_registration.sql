WITH people AS (
  SELECT
    person.course_id,
    person.viewed,
    person.certified,
    listing.course_launch AS launch_date,
    listing.course_wrap AS wrap_date,
    DATE(person.start_time) < listing.course_launch AS is_early,
    DATE(person.start_time) >= listing.course_launch AND DATE(person.start_time) <= listing.course_wrap AS is_during,
    DATE(person.start_time) <= listing.course_wrap AS is_by_wrap,
  FROM
    report.person_course_latest AS person
  LEFT JOIN reference.course_listing AS listing
    ON person.course_id = listing.course_id
),

counts AS (
  SELECT
    person.course_id,
    person.launch_date,
    person.wrap_date,
    COUNT(*) AS nregistered,
    COUNTIF(person.viewed) AS nviewed,
    COUNTIF(person.certified) AS ncertified,
    COUNTIF(person.is_by_wrap) AS nregistered_by_wrap,
    COUNTIF(person.is_by_wrap AND person.viewed) AS nviewed_by_wrap,
    COUNTIF(person.is_early) AS nregistered_before_launch,
    COUNTIF(person.is_early AND person.certified) AS ncertified_and_registered_before_launch,
    COUNTIF(person.is_during) AS nregistered_during_course,
    COUNTIF(person.is_during AND person.certified) AS ncertified_and_registered_during_course,
  FROM
    people AS person
  GROUP BY
    person.course_id,
    person.launch_date,
    person.wrap_date
)

SELECT
  counts.course_id,
  counts.launch_date,
  counts.wrap_date,
  counts.nregistered,
  counts.nviewed,
  counts.ncertified,
  counts.nregistered_by_wrap,
  ROUND(100 * counts.nregistered_by_wrap / counts.nregistered, 6) AS nregistered_by_wrap_pct,
  counts.nviewed_by_wrap,
  counts.nregistered_before_launch,
  counts.ncertified_and_registered_before_launch,
  counts.nregistered_during_course,
  counts.ncertified_and_registered_during_course,
  ROUND(100 * counts.ncertified / counts.nregistered, 6) AS pct_certified_of_reg,
  ROUND(
    100 * counts.ncertified_and_registered_before_launch / NULLIF(counts.nregistered_before_launch, 0), 6
  ) AS pct_certified_reg_before_launch,
  ROUND(
    100 * counts.ncertified_and_registered_during_course / NULLIF(counts.nregistered_during_course, 0), 6
  ) AS pct_certified_reg_during_course,
  ROUND(100 * counts.ncertified / NULLIF(counts.nregistered_by_wrap, 0), 6) AS pct_certified_of_reg_by_wrap,
  ROUND(100 * counts.ncertified / NULLIF(counts.nviewed, 0), 6) AS pct_certified_of_viewed,
  ROUND(100 * counts.ncertified / NULLIF(counts.nviewed_by_wrap, 0), 6) AS pct_certified_of_viewed_by_wrap,
FROM
  counts
