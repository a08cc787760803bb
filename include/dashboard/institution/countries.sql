SELECT
  CASE WHEN told.cc = '' THEN 'Unknown' ELSE COALESCE(country.name, told.cc) END AS country,
  told.nregistered AS registered,
  told.nviewed AS viewed,
  told.nexplored AS explored,
  told.ncertified AS certified,
  told.nverified AS verified,
FROM
  report.geographic_distributions AS told
LEFT JOIN reference.countries AS country
  ON told.cc = country.cc
ORDER BY
  country
