WITH totals AS (
  SELECT
    day.username,
    day.resource,
    day.resource_event_data,
    SUM(CASE WHEN day.resource_event_type = 'transcript_download' THEN day.langcount ELSE 0 END) AS transcript_download,
    SUM(day.langcount) AS n_events,
    MAX(day.last_time) AS last_time_used_lang,
  FROM
    secondary.pcday_trlang_counts AS day
  GROUP BY
    day.username,
    day.resource,
    day.resource_event_data
)

SELECT
  totals.username,
  @course_id AS course_id,
  totals.resource,
  totals.resource_event_data,
  totals.transcript_download,
  totals.n_events,
  totals.last_time_used_lang,
  COUNT(*) OVER (PARTITION BY totals.username, totals.resource) AS n_diff_lang,
  ROW_NUMBER() OVER (
    PARTITION BY totals.username, totals.resource
    ORDER BY totals.n_events DESC, totals.last_time_used_lang DESC, totals.resource_event_data ASC
  ) AS rank_num,
FROM
  totals
