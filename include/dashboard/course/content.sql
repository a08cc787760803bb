SELECT
  block.category,
  COUNT(*) AS blocks,
  COUNTIF(block.graded = 'true') AS graded,
FROM
  transformed.course_axis AS block
GROUP BY
  block.category
ORDER BY
  block.category
