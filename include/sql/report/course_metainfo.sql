SELECT
  info.course_id,
  info.key,
  info.value,
  info.snapshot_date,
FROM
  secondary.course_metainfo AS info
