SELECT
  numbers.course_id,
  listing.listings_institution AS institution,
  listing.listings_course_number AS number,
  listing.listings_short_title AS short_title,
  listing.listings_title AS course_title,
  listing.listings_instructors AS instructors,
  listing.listings_course_launch AS launch,
  numbers.registered_sum AS registered,
  numbers.viewed_sum AS viewed,
  numbers.explored_sum AS explored,
  numbers.certified_sum AS certified,
  numbers.n_verified_id AS verified,
FROM
  report.broad_stats_by_course AS numbers
LEFT JOIN report.course_listing_and_metainfo AS listing
  ON numbers.course_id = listing.course_id
ORDER BY
  numbers.course_id
