-- A median is the mean of the one or two middle values: those whose place, twice, is the number of people, or one or
-- two more.
WITH people AS (
  SELECT
    daily.course_id,
    daily.module_id,
    daily.username,
    person.certified,
    SUM(daily.time_umid5) AS time_5,
    SUM(daily.time_umid30) AS time_30,
  FROM
    secondary.time_on_asset_daily AS daily
  INNER JOIN secondary.person_course AS person
    ON daily.username = person.username
  WHERE
    person.nproblem_check > 0
  GROUP BY
    daily.course_id,
    daily.module_id,
    daily.username,
    person.certified
),

places AS (
  SELECT
    people.*,
    COUNT(*) OVER (PARTITION BY people.module_id) AS n,
    COUNT(*) OVER (PARTITION BY people.module_id, people.certified) AS kind_n,
    ROW_NUMBER() OVER (PARTITION BY people.module_id ORDER BY people.time_5) AS place_5,
    ROW_NUMBER() OVER (PARTITION BY people.module_id ORDER BY people.time_30) AS place_30,
    ROW_NUMBER() OVER (PARTITION BY people.module_id, people.certified ORDER BY people.time_5) AS kind_place_5,
    ROW_NUMBER() OVER (PARTITION BY people.module_id, people.certified ORDER BY people.time_30) AS kind_place_30,
  FROM
    people
)

SELECT
  places.course_id,
  places.module_id,
  COUNT(*) AS n_unique_users,
  COUNTIF(places.certified) AS n_unique_certified,
  ROUND(AVG(places.time_5), 6) AS mean_tmid5,
  ROUND(AVG(CASE WHEN 2 * places.place_5 - places.n IN (0, 1, 2) THEN places.time_5 END), 6) AS median_tmid5,
  ROUND(SUM(places.time_5), 6) AS total_tmid5,
  ROUND(AVG(CASE WHEN places.certified THEN places.time_5 END), 6) AS cert_mean_tmid5,
  ROUND(
    AVG(
      CASE
        WHEN places.certified AND 2 * places.kind_place_5 - places.kind_n IN (0, 1, 2) THEN places.time_5
      END
    ),
    6
  ) AS cert_median_tmid5,
  ROUND(SUM(CASE WHEN places.certified THEN places.time_5 END), 6) AS cert_total_tmid5,
  ROUND(AVG(places.time_30), 6) AS mean_tmid30,
  ROUND(AVG(CASE WHEN 2 * places.place_30 - places.n IN (0, 1, 2) THEN places.time_30 END), 6) AS median_tmid30,
  ROUND(SUM(places.time_30), 6) AS total_tmid30,
  ROUND(AVG(CASE WHEN places.certified THEN places.time_30 END), 6) AS cert_mean_tmid30,
  ROUND(
    AVG(
      CASE
        WHEN places.certified AND 2 * places.kind_place_30 - places.kind_n IN (0, 1, 2) THEN places.time_30
      END
    ),
    6
  ) AS cert_median_tmid30,
  ROUND(SUM(CASE WHEN places.certified THEN places.time_30 END), 6) AS cert_total_tmid30,
FROM
  places
GROUP BY
  places.course_id,
  places.module_id
