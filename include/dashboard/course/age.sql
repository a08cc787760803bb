WITH bands AS (
  SELECT
    CASE
      WHEN counted.value = '' THEN NULL
      WHEN SAFE_CAST(counted.value AS INT64) < 15 THEN 10
      WHEN SAFE_CAST(counted.value AS INT64) >= 75 THEN 75
      ELSE DIV(SAFE_CAST(counted.value AS INT64), 5) * 5
    END AS first_year,
    counted.registered,
    counted.viewed,
    counted.explored,
    counted.certified,
  FROM
    secondary.stats_demographics AS counted
  WHERE
    counted.dimension = 'age'
)

SELECT
  CASE
    WHEN bands.first_year IS NULL THEN 'Unknown'
    WHEN bands.first_year = 10 THEN 'below 15'
    WHEN bands.first_year = 75 THEN '75 and above'
    ELSE CONCAT(CAST(bands.first_year AS STRING), '–', CAST(bands.first_year + 4 AS STRING))
  END AS age,
  SUM(bands.registered) AS registered,
  SUM(bands.viewed) AS viewed,
  SUM(bands.explored) AS explored,
  SUM(bands.certified) AS certified,
FROM
  bands
GROUP BY
  bands.first_year
ORDER BY
  COALESCE(bands.first_year, 1000)
