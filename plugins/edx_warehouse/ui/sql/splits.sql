-- One row per log day: what became of its lines in its newest split, and how often it was split.
WITH splits AS (
  SELECT
    file.day,
    file.split_id,
    MAX(file.recorded) AS recorded,
    COUNT(*) AS files,
    SUM(file.lines) AS lines,
    SUM(file.rows_out) AS rows_out,
    SUM(file.bad) AS bad,
    SUM(file.aside) AS aside,
    SUM(file.duplicates) AS duplicates,
    MAX(file.note) AS note,
  FROM
    ops.split_history AS file
  WHERE
    file.institution = @institution
    AND file.day >= @since
  GROUP BY
    file.day,
    file.split_id
)

SELECT
  split.day,
  split.split_id,
  split.files,
  split.lines,
  split.rows_out,
  split.bad,
  split.aside,
  split.duplicates,
  split.note,
  COUNT(*) OVER (PARTITION BY split.day) AS splits,
  ROW_NUMBER() OVER (PARTITION BY split.day ORDER BY split.recorded DESC) AS place,
FROM
  splits AS split
