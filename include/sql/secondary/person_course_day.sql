-- The days of @event_dates, wholly: whoever builds replaces exactly these dates, so a late event lands in its day once.
WITH events AS (
  SELECT
    log_event.username,
    log_event.course_id,
    DATE(log_event.time) AS date,
    log_event.time,
    log_event.event_source,
    log_event.event_type,
    -- /courses/<id>/<rest>: <id> is Org/Course/Run or course-v1:Org+Course+Run, with the colon and the plus perhaps
    -- percent-encoded. Counting the slash form only, as was done once, gives 0 in every course-v1 course.
    REGEXP_EXTRACT(
      log_event.event_type, r'^/courses/(course-v1(?::|%3[Aa])[^/]+|[^/]+/[^/]+/[^/]+)/'
    ) AS path_course,
    REGEXP_EXTRACT(
      log_event.event_type, r'^/courses/(?:course-v1(?::|%3[Aa])[^/]+|[^/]+/[^/]+/[^/]+)/(.*)'
    ) AS path_rest,
    log_event.event_struct.id AS payload_id,
    COALESCE(log_event.event_struct.currentTime, log_event.event_struct.current_time) AS payload_position,
  FROM
    logs.tracklog AS log_event
  WHERE
    DATE(log_event.time) IN UNNEST(@event_dates)
    AND TRIM(log_event.username) != ''
    -- Heart-beat noise of the platform, not activity.
    AND COALESCE(log_event.event_type, '') NOT LIKE '%/xblock/%'
),

-- Of two events at the same microsecond either may come first: the gaps are the same.
gaps AS (
  SELECT
    events.*,
    REGEXP_REPLACE(
      REGEXP_REPLACE(events.path_course, r'^course-v1(?::|%3[Aa])', ''), r'\+|%2[Bb]| ', '/'
    ) = events.course_id AS is_in_course,
    TIMESTAMP_DIFF(
      events.time,
      LAG(events.time) OVER (
        PARTITION BY events.username, events.course_id, events.date
        ORDER BY events.time
      ),
      MICROSECOND
    ) AS gap,
  FROM
    events
),

-- A longer gap is an absence. Whole microseconds are summed, so the order of rows cannot change the last digits.
measured AS (
  SELECT
    gaps.*,
    CASE WHEN gaps.gap <= 300000000 THEN gaps.gap END AS near_gap,
  FROM
    gaps
),

activity AS (
  SELECT
    measured.username,
    measured.course_id,
    measured.date,
    COUNT(*) AS nevents,
    COUNTIF(measured.is_in_course AND STARTS_WITH(measured.path_rest, 'progress')) AS nprogcheck,
    COUNTIF(measured.event_type IN ('show_answer', 'showanswer')) AS nshow_answer,
    COUNTIF(measured.event_type = 'play_video') AS nvideo,
    COUNTIF(measured.event_type = 'problem_check') AS nproblem_check,
    COUNTIF(
      measured.event_source = 'server' AND measured.event_type IN ('problem_check', 'save_problem_check')
    ) AS nproblem_check_server,
    COUNTIF(measured.is_in_course AND STARTS_WITH(measured.path_rest, 'discussion/')) AS nforum,
    COUNTIF(measured.event_type = 'show_transcript') AS ntranscript,
    COUNTIF(measured.event_type = 'seq_goto') AS nseq_goto,
    COUNTIF(measured.event_type = 'seek_video') AS nseek_video,
    COUNTIF(measured.event_type = 'pause_video') AS npause_video,
    MIN(measured.time) AS first_event,
    MAX(measured.time) AS last_event,
    ROUND(STDDEV_SAMP(measured.near_gap / 1000000), 6) AS sdv_dt,
    MAX(measured.near_gap) AS max_gap,
    COUNT(measured.near_gap) AS n_dt,
    SUM(measured.near_gap) AS sum_gap,
  FROM
    measured
  GROUP BY
    measured.username,
    measured.course_id,
    measured.date
),

-- One row per video of the person's day. The id is i4x-Org-Course-video-<name>, a block-v1 id or the bare name.
videos AS (
  SELECT
    events.username,
    events.course_id,
    events.date,
    REGEXP_REPLACE(
      events.payload_id, r'^(?:i4x-.*?-video-|i4x://.*/video/|block-v1:.*type@video\+block@)', ''
    ) AS video_id,
    MAX(CASE WHEN events.payload_position >= 0 THEN events.payload_position END) AS watched_until,
  FROM
    events
  WHERE
    events.event_type IN ('play_video', 'pause_video', 'stop_video')
    AND events.payload_id != ''
  GROUP BY
    events.username,
    events.course_id,
    events.date,
    video_id
),

watched AS (
  SELECT
    videos.username,
    videos.course_id,
    videos.date,
    COUNT(*) AS nvideos_viewed,
    ROUND(SUM(videos.watched_until), 6) AS nvideos_watched_sec,
  FROM
    videos
  GROUP BY
    videos.username,
    videos.course_id,
    videos.date
)

SELECT
  activity.username,
  activity.course_id,
  activity.date,
  activity.nevents,
  activity.nprogcheck,
  activity.nshow_answer,
  activity.nvideo,
  activity.nproblem_check,
  activity.nproblem_check_server,
  activity.nforum,
  activity.ntranscript,
  activity.nseq_goto,
  activity.nseek_video,
  activity.npause_video,
  COALESCE(watched.nvideos_viewed, 0) AS nvideos_viewed,
  COALESCE(watched.nvideos_watched_sec, 0.0) AS nvideos_watched_sec,
  activity.first_event,
  activity.last_event,
  activity.sum_gap / NULLIF(activity.n_dt, 0) / 1000000 AS avg_dt,
  activity.sdv_dt,
  activity.max_gap / 1000000 AS max_dt,
  activity.n_dt,
  activity.sum_gap / 1000000 AS sum_dt,
FROM
  activity
LEFT JOIN watched
  ON
    activity.username = watched.username
    AND activity.course_id = watched.course_id
    AND activity.date = watched.date
