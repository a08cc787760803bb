WITH people AS (
  SELECT
    person.*,
    EXTRACT(YEAR FROM COALESCE(person.start_time, person.first_event)) - person.YoB AS years,
    COALESCE(person.mode = 'verified', FALSE) AS is_verified,
  FROM
    secondary.person_course AS person
),

told AS (
  SELECT
    'gender' AS dimension,
    people.gender AS value,
    CAST(NULL AS STRING) AS label,
    CAST(NULL AS STRING) AS continent,
    people.viewed,
    people.explored,
    people.certified,
    people.is_verified,
  FROM
    people
  UNION ALL
  SELECT
    'education' AS dimension,
    people.LoE AS value,
    CAST(NULL AS STRING) AS label,
    CAST(NULL AS STRING) AS continent,
    people.viewed,
    people.explored,
    people.certified,
    people.is_verified,
  FROM
    people
  UNION ALL
  SELECT
    'age' AS dimension,
    -- Years of birth are what people typed: some are of this year, some of 1900.
    CASE WHEN people.years BETWEEN 5 AND 110 THEN CAST(people.years AS STRING) END AS value,
    CAST(NULL AS STRING) AS label,
    CAST(NULL AS STRING) AS continent,
    people.viewed,
    people.explored,
    people.certified,
    people.is_verified,
  FROM
    people
  UNION ALL
  SELECT
    'country' AS dimension,
    people.cc_by_ip AS value,
    people.countryLabel AS label,
    people.continent,
    people.viewed,
    people.explored,
    people.certified,
    people.is_verified,
  FROM
    people
  UNION ALL
  SELECT
    'country_told' AS dimension,
    people.profile_country AS value,
    CAST(NULL AS STRING) AS label,
    CAST(NULL AS STRING) AS continent,
    people.viewed,
    people.explored,
    people.certified,
    people.is_verified,
  FROM
    people
)

SELECT
  @course_id AS course_id,
  told.dimension,
  COALESCE(told.value, '') AS value,
  MAX(told.label) AS label,
  MAX(told.continent) AS continent,
  COUNT(*) AS registered,
  COUNTIF(told.viewed) AS viewed,
  COUNTIF(told.viewed AND told.explored) AS explored,
  COUNTIF(told.certified) AS certified,
  COUNTIF(told.is_verified) AS verified,
  COUNTIF(told.is_verified AND told.certified) AS verified_certified,
FROM
  told
GROUP BY
  told.dimension,
  COALESCE(told.value, '')
