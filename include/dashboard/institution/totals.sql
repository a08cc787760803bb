SELECT
  overall.n_courses AS courses,
  overall.n_unique_registrants AS people,
  overall.registered,
  overall.viewed,
  overall.explored,
  overall.certified,
  overall.verified_id AS verified,
  overall.verified_certified,
FROM
  report.overall_stats AS overall
