-- The days of @event_dates, wholly. A gap belongs to the date of its later event; the earlier one may be of the date
-- before, which is read too but not kept. Of events at one instant either may come first: the gaps are the same.
WITH gaps AS (
  SELECT
    log_event.course_id,
    DATE(log_event.time) AS date,
    log_event.username,
    log_event.module_id,
    TIMESTAMP_DIFF(
      log_event.time,
      LAG(log_event.time) OVER (
        PARTITION BY log_event.course_id, log_event.username, log_event.module_id
        ORDER BY log_event.time
      ),
      MICROSECOND
    ) AS gap,
  FROM
    logs.tracklog AS log_event
  WHERE
    (
      DATE(log_event.time) IN UNNEST(@event_dates)
      OR DATE_ADD(DATE(log_event.time), INTERVAL 1 DAY) IN UNNEST(@event_dates)
    )
    AND TRIM(log_event.username) != ''
    AND log_event.module_id != ''
    -- Heart-beat noise of the platform, not activity.
    AND COALESCE(log_event.event_type, '') NOT LIKE '%/xblock/%'
)

-- A gap as long as the timeout, or longer, is an absence. Whole microseconds are summed.
SELECT
  gaps.course_id,
  gaps.date,
  gaps.username,
  gaps.module_id,
  COALESCE(SUM(CASE WHEN gaps.gap < 300000000 THEN gaps.gap END), 0) / 1000000 AS time_umid5,
  COALESCE(SUM(CASE WHEN gaps.gap < 1800000000 THEN gaps.gap END), 0) / 1000000 AS time_umid30,
FROM
  gaps
WHERE
  gaps.date IN UNNEST(@event_dates)
GROUP BY
  gaps.course_id,
  gaps.date,
  gaps.username,
  gaps.module_id
