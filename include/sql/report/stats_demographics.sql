SELECT
  counted.course_id,
  counted.dimension,
  counted.value,
  counted.label,
  counted.continent,
  counted.registered,
  counted.viewed,
  counted.explored,
  counted.certified,
  counted.verified,
  counted.verified_certified,
FROM
  secondary.stats_demographics AS counted
