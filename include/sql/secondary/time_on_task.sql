-- The days of @event_dates, wholly. A gap belongs to the date of its later event; the earlier one may be of the date
-- before, which is read too but not kept.
WITH events AS (
  SELECT
    log_event.course_id,
    log_event.username,
    DATE(log_event.time) AS date,
    log_event.time,
    CASE
      WHEN REGEXP_CONTAINS(log_event.event_type, r'\w_(?:video|transcript)') THEN 'video'
      WHEN STARTS_WITH(log_event.event_type, 'edx.video.') THEN 'video'
      WHEN REGEXP_CONTAINS(log_event.event_type, r'problem_\w') THEN 'problem'
      WHEN STARTS_WITH(log_event.event_type, 'edx.forum.') THEN 'forum'
      WHEN REGEXP_CONTAINS(log_event.event_type, r'/discussion/(?:forum|threads|comments)') THEN 'forum'
      WHEN STARTS_WITH(log_event.event_type, 'textbook.') THEN 'text'
      WHEN REGEXP_CONTAINS(log_event.event_type, r'/wiki/|^book$') THEN 'text'
    END AS kind,
    log_event.source_file,
    log_event.source_line,
  FROM
    logs.tracklog AS log_event
  WHERE
    (
      DATE(log_event.time) IN UNNEST(@event_dates)
      OR DATE_ADD(DATE(log_event.time), INTERVAL 1 DAY) IN UNNEST(@event_dates)
    )
    AND TRIM(log_event.username) != ''
    -- Heart-beat noise of the platform, not activity.
    AND COALESCE(log_event.event_type, '') NOT LIKE '%/xblock/%'
),

-- Events at one instant follow one another as in the files: the first of them takes the gap, and gives it to its kind.
gaps AS (
  SELECT
    events.course_id,
    events.username,
    events.date,
    events.kind,
    TIMESTAMP_DIFF(
      events.time,
      LAG(events.time) OVER (
        PARTITION BY events.course_id, events.username
        ORDER BY events.time, events.source_file, events.source_line
      ),
      MICROSECOND
    ) AS gap,
    TIMESTAMP_DIFF(
      events.time,
      LAG(events.time) OVER (
        PARTITION BY events.course_id, events.username, events.kind
        ORDER BY events.time, events.source_file, events.source_line
      ),
      MICROSECOND
    ) AS kind_gap,
    TIMESTAMP_DIFF(
      events.time,
      LAG(events.time) OVER (
        PARTITION BY events.course_id, events.username, events.kind IS NULL
        ORDER BY events.time, events.source_file, events.source_line
      ),
      MICROSECOND
    ) AS serial_gap,
  FROM
    events
),

-- A gap as long as the timeout, or longer, is an absence. Whole microseconds are summed.
near AS (
  SELECT
    gaps.course_id,
    gaps.username,
    gaps.date,
    gaps.kind,
    CASE WHEN gaps.gap < 300000000 THEN gaps.gap END AS gap_5,
    CASE WHEN gaps.gap < 1800000000 THEN gaps.gap END AS gap_30,
    CASE WHEN gaps.kind_gap < 300000000 THEN gaps.kind_gap END AS kind_gap_5,
    CASE WHEN gaps.kind_gap < 1800000000 THEN gaps.kind_gap END AS kind_gap_30,
    CASE WHEN gaps.serial_gap < 1800000000 THEN gaps.serial_gap END AS serial_gap_30,
  FROM
    gaps
  WHERE
    gaps.date IN UNNEST(@event_dates)
)

SELECT
  near.course_id,
  near.date,
  near.username,
  COALESCE(SUM(near.gap_5), 0) / 1000000 AS total_time_5,
  COALESCE(SUM(near.gap_30), 0) / 1000000 AS total_time_30,
  COALESCE(SUM(CASE WHEN near.kind = 'video' THEN near.kind_gap_5 END), 0) / 1000000 AS total_video_time_5,
  COALESCE(SUM(CASE WHEN near.kind = 'problem' THEN near.kind_gap_5 END), 0) / 1000000 AS total_problem_time_5,
  COALESCE(SUM(CASE WHEN near.kind = 'forum' THEN near.kind_gap_5 END), 0) / 1000000 AS total_forum_time_5,
  COALESCE(SUM(CASE WHEN near.kind = 'text' THEN near.kind_gap_5 END), 0) / 1000000 AS total_text_time_5,
  COALESCE(SUM(CASE WHEN near.kind = 'video' THEN near.kind_gap_30 END), 0) / 1000000 AS total_video_time_30,
  COALESCE(SUM(CASE WHEN near.kind = 'problem' THEN near.kind_gap_30 END), 0) / 1000000 AS total_problem_time_30,
  COALESCE(SUM(CASE WHEN near.kind = 'forum' THEN near.kind_gap_30 END), 0) / 1000000 AS total_forum_time_30,
  COALESCE(SUM(CASE WHEN near.kind = 'text' THEN near.kind_gap_30 END), 0) / 1000000 AS total_text_time_30,
  COALESCE(SUM(CASE WHEN near.kind = 'video' THEN near.serial_gap_30 END), 0) / 1000000 AS serial_video_time_30,
  COALESCE(SUM(CASE WHEN near.kind = 'problem' THEN near.serial_gap_30 END), 0) / 1000000 AS serial_problem_time_30,
  COALESCE(SUM(CASE WHEN near.kind = 'forum' THEN near.serial_gap_30 END), 0) / 1000000 AS serial_forum_time_30,
  COALESCE(SUM(CASE WHEN near.kind = 'text' THEN near.serial_gap_30 END), 0) / 1000000 AS serial_text_time_30,
FROM
  near
GROUP BY
  near.course_id,
  near.date,
  near.username
