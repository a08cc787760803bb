SELECT
  tag.user_id,
  tag.key,
  @course_id AS course_id,
  -- edX has one row for each learner and partition; if ever there were two, the result must not depend on their order.
  MAX(SAFE_CAST(tag.value AS INT64)) AS value,
FROM
  transformed.user_api_usercoursetag AS tag
WHERE
  tag.key IS NOT NULL
GROUP BY
  tag.user_id,
  tag.key
