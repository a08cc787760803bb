WITH tenths AS (
  SELECT
    bin,
    CASE bin
      WHEN 0 THEN problem.grade_hist_bin0
      WHEN 1 THEN problem.grade_hist_bin1
      WHEN 2 THEN problem.grade_hist_bin2
      WHEN 3 THEN problem.grade_hist_bin3
      WHEN 4 THEN problem.grade_hist_bin4
      WHEN 5 THEN problem.grade_hist_bin5
      WHEN 6 THEN problem.grade_hist_bin6
      WHEN 7 THEN problem.grade_hist_bin7
      WHEN 8 THEN problem.grade_hist_bin8
      WHEN 9 THEN problem.grade_hist_bin9
      WHEN 10 THEN problem.grade_hist_bin10
    END AS graded,
    CASE bin
      WHEN 0 THEN problem.attempts_hist_bin0
      WHEN 1 THEN problem.attempts_hist_bin1
      WHEN 2 THEN problem.attempts_hist_bin2
      WHEN 3 THEN problem.attempts_hist_bin3
      WHEN 4 THEN problem.attempts_hist_bin4
      WHEN 5 THEN problem.attempts_hist_bin5
      WHEN 6 THEN problem.attempts_hist_bin6
      WHEN 7 THEN problem.attempts_hist_bin7
      WHEN 8 THEN problem.attempts_hist_bin8
      WHEN 9 THEN problem.attempts_hist_bin9
      WHEN 10 THEN problem.attempts_hist_bin10
    END AS attempted,
  FROM
    secondary.stats_for_problems AS problem
  CROSS JOIN UNNEST(GENERATE_ARRAY(0, 10)) AS bin
)

SELECT
  CASE
    WHEN tenths.bin = 10 THEN 'all'
    ELSE CONCAT(CAST(tenths.bin * 10 AS STRING), ' to below ', CAST(tenths.bin * 10 + 10 AS STRING), ' %')
  END AS tenth,
  SUM(tenths.graded) AS graded,
  SUM(tenths.attempted) AS attempted,
FROM
  tenths
GROUP BY
  tenths.bin
ORDER BY
  tenths.bin
