SELECT
  CASE WHEN counted.value = '' THEN 'Unknown' ELSE COALESCE(counted.label, counted.value) END AS country,
  counted.continent,
  counted.registered,
  counted.viewed,
  counted.explored,
  counted.certified,
  ROUND(SAFE_DIVIDE(counted.certified, counted.registered), 6) AS certified_share,
  counted.verified,
  counted.verified_certified,
FROM
  secondary.stats_demographics AS counted
WHERE
  counted.dimension = 'country'
ORDER BY
  country
