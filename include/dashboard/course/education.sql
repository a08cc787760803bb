WITH levels AS (
  SELECT
    CASE counted.value
      WHEN 'p' THEN 1
      WHEN 'p_se' THEN 1
      WHEN 'p_oth' THEN 1
      WHEN 'm' THEN 2
      WHEN 'b' THEN 3
      WHEN 'a' THEN 4
      WHEN 'hs' THEN 5
      WHEN 'jhs' THEN 6
      WHEN 'el' THEN 7
      WHEN 'none' THEN 8
      WHEN '' THEN 10
      ELSE 9
    END AS level,
    counted.registered,
    counted.viewed,
    counted.explored,
    counted.certified,
  FROM
    secondary.stats_demographics AS counted
  WHERE
    counted.dimension = 'education'
)

SELECT
  CASE levels.level
    WHEN 1 THEN 'Doctorate'
    WHEN 2 THEN 'Master or professional degree'
    WHEN 3 THEN 'Bachelor'
    WHEN 4 THEN 'Associate degree'
    WHEN 5 THEN 'Secondary school'
    WHEN 6 THEN 'Junior secondary school'
    WHEN 7 THEN 'Primary school'
    WHEN 8 THEN 'No formal education'
    WHEN 9 THEN 'Other'
    ELSE 'Unknown'
  END AS education,
  SUM(levels.registered) AS registered,
  SUM(levels.viewed) AS viewed,
  SUM(levels.explored) AS explored,
  SUM(levels.certified) AS certified,
FROM
  levels
GROUP BY
  levels.level
ORDER BY
  levels.level
