SELECT
  CASE counted.value
    WHEN 'f' THEN 'Female'
    WHEN 'm' THEN 'Male'
    WHEN 'o' THEN 'Other'
    WHEN '' THEN 'Unknown'
    ELSE 'Something else'
  END AS gender,
  SUM(counted.registered) AS registered,
  SUM(counted.viewed) AS viewed,
  SUM(counted.explored) AS explored,
  SUM(counted.certified) AS certified,
FROM
  secondary.stats_demographics AS counted
WHERE
  counted.dimension = 'gender'
GROUP BY
  gender
ORDER BY
  gender
