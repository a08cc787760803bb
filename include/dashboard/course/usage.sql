SELECT
  overall.registered_sum AS registered,
  overall.viewed_sum AS viewed,
  overall.explored_sum AS explored,
  overall.certified_sum AS certified,
  overall.n_verified_id AS verified,
  overall.verified_certified,
  overall.nregistered_active AS enrolled,
  overall.n_unregistered AS gone,
FROM
  secondary.stats_overall AS overall
