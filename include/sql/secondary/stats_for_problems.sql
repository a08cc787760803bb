-- @until is the end of a window, whose export may be of a later day: problems that were opened since then do not count.
WITH answered AS (
  SELECT
    analysis.problem_url_name AS url_name,
    analysis.attempts,
    analysis.grade,
    analysis.max_grade,
    analysis.created,
    -- Rounded first: 10 * 0.7 may be a little below 7.
    CAST(FLOOR(ROUND(10 * analysis.grade / NULLIF(analysis.max_grade, 0), 6)) AS INT64) AS grade_bin,
    DIV(
      10 * analysis.attempts, NULLIF(MAX(analysis.attempts) OVER (PARTITION BY analysis.problem_url_name), 0)
    ) AS attempts_bin,
  FROM
    transformed.problem_analysis AS analysis
  WHERE
    COALESCE(analysis.created < TIMESTAMP(@until), TRUE)
)

SELECT
  @course_id AS course_id,
  answered.url_name,
  ROUND(AVG(answered.attempts), 6) AS avg_attempts,
  ROUND(AVG(answered.grade), 6) AS avg_grade,
  MAX(answered.max_grade) AS max_max_grade,
  MAX(answered.grade) AS emperical_max_grade,
  COUNT(*) AS nsubmissions,
  MIN(answered.created) AS first_date,
  MAX(answered.created) AS last_date,
  MAX(answered.attempts) AS max_attempts,
  COUNTIF(answered.grade_bin = 0) AS grade_hist_bin0,
  COUNTIF(answered.grade_bin = 1) AS grade_hist_bin1,
  COUNTIF(answered.grade_bin = 2) AS grade_hist_bin2,
  COUNTIF(answered.grade_bin = 3) AS grade_hist_bin3,
  COUNTIF(answered.grade_bin = 4) AS grade_hist_bin4,
  COUNTIF(answered.grade_bin = 5) AS grade_hist_bin5,
  COUNTIF(answered.grade_bin = 6) AS grade_hist_bin6,
  COUNTIF(answered.grade_bin = 7) AS grade_hist_bin7,
  COUNTIF(answered.grade_bin = 8) AS grade_hist_bin8,
  COUNTIF(answered.grade_bin = 9) AS grade_hist_bin9,
  COUNTIF(answered.grade_bin = 10) AS grade_hist_bin10,
  COUNTIF(answered.attempts_bin = 0) AS attempts_hist_bin0,
  COUNTIF(answered.attempts_bin = 1) AS attempts_hist_bin1,
  COUNTIF(answered.attempts_bin = 2) AS attempts_hist_bin2,
  COUNTIF(answered.attempts_bin = 3) AS attempts_hist_bin3,
  COUNTIF(answered.attempts_bin = 4) AS attempts_hist_bin4,
  COUNTIF(answered.attempts_bin = 5) AS attempts_hist_bin5,
  COUNTIF(answered.attempts_bin = 6) AS attempts_hist_bin6,
  COUNTIF(answered.attempts_bin = 7) AS attempts_hist_bin7,
  COUNTIF(answered.attempts_bin = 8) AS attempts_hist_bin8,
  COUNTIF(answered.attempts_bin = 9) AS attempts_hist_bin9,
  COUNTIF(answered.attempts_bin = 10) AS attempts_hist_bin10,
FROM
  answered
GROUP BY
  answered.url_name
