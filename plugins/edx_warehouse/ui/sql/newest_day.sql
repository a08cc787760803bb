-- The newest log day that was split.
SELECT MAX(file.day) AS day,
FROM
  ops.split_history AS file
WHERE
  file.institution = @institution
