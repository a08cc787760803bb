-- Heart-beat noise (/xblock/) needs no test here: these event types are whole names.
WITH positions AS (
  SELECT
    log_event.course_id,
    DATE(log_event.time) AS date,
    log_event.username,
    -- The id is i4x-Org-Course-video-<name>, a block id of either family or the bare name.
    REGEXP_REPLACE(
      log_event.event_struct.id, r'^(?:i4x-.*?-video-|i4x://.*/video/|block-v1:.*type@video\+block@)', ''
    ) AS video_id,
    COALESCE(log_event.event_struct.currentTime, log_event.event_struct.current_time) AS seconds,
    log_event.event_struct.duration,
  FROM
    logs.tracklog AS log_event
  WHERE
    DATE(log_event.time) IN UNNEST(@event_dates)
    AND TRIM(log_event.username) != ''
    AND log_event.event_type IN (
      'play_video', 'pause_video', 'stop_video', 'edx.video.played', 'edx.video.paused', 'edx.video.stopped'
    )
    AND log_event.event_struct.id != ''
)

SELECT
  positions.course_id,
  positions.date,
  positions.username,
  positions.video_id,
  MAX(CASE WHEN positions.seconds >= 0 THEN positions.seconds END) AS position,
  MAX(CASE WHEN positions.duration > 0 THEN positions.duration END) AS duration,
FROM
  positions
GROUP BY
  positions.course_id,
  positions.date,
  positions.username,
  positions.video_id
