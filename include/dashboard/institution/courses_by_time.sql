WITH days AS (
  SELECT
    listing.listings_course_launch AS launch,
    COUNT(*) AS launched,
  FROM
    report.course_listing_and_metainfo AS listing
  WHERE
    listing.listings_course_launch IS NOT NULL
  GROUP BY
    listing.listings_course_launch
)

SELECT
  days.launch,
  days.launched,
  SUM(days.launched) OVER (ORDER BY days.launch) AS so_far,
FROM
  days
ORDER BY
  days.launch
