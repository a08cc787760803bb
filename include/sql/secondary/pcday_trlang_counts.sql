-- A download speaks the language of the person's last request, which may be of the date before: so that is read too.
WITH events AS (
  SELECT
    log_event.username,
    log_event.course_id,
    DATE(log_event.time) AS date,
    log_event.time,
    log_event.source_file,
    log_event.source_line,
    -- A path without its query: [^?] stops there.
    REGEXP_EXTRACT(
      log_event.event_type, r'^(?:/[^?]*?)?/transcript/translation/([^/?]+)'
    ) AS requested_language,
    COALESCE(REGEXP_CONTAINS(log_event.event_type, r'^(?:/[^?]*)?/transcript/download(?:\?|$)'), FALSE)
    OR COALESCE(
      REGEXP_CONTAINS(log_event.event_struct.target_url, r'^[^?]*/transcript/download(?:\?|$)'), FALSE
    ) AS is_download,
  FROM
    logs.tracklog AS log_event
  WHERE
    (
      DATE(log_event.time) IN UNNEST(@event_dates)
      OR DATE_ADD(DATE(log_event.time), INTERVAL 1 DAY) IN UNNEST(@event_dates)
    )
    AND TRIM(log_event.username) != ''
),

transcripts AS (
  SELECT
    events.*,
    CASE WHEN events.requested_language IS NOT NULL THEN events.date END AS requested_date,
  FROM
    events
  WHERE
    events.requested_language IS NOT NULL
    OR events.is_download
),

followed AS (
  SELECT
    transcripts.*,
    LAST_VALUE(transcripts.requested_language IGNORE NULLS) OVER earlier AS earlier_language,
    LAST_VALUE(transcripts.requested_date IGNORE NULLS) OVER earlier AS earlier_date,
  FROM
    transcripts
  WINDOW earlier AS (
    PARTITION BY transcripts.username, transcripts.course_id
    ORDER BY transcripts.time, transcripts.source_file, transcripts.source_line
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),

-- Dates that are made together must not change one another: a request counts on its own date and the next only.
spoken AS (
  SELECT
    followed.username,
    followed.course_id,
    followed.date,
    followed.time,
    CASE
      WHEN followed.requested_language IS NOT NULL THEN followed.requested_language
      WHEN followed.earlier_date >= DATE_SUB(followed.date, INTERVAL 1 DAY) THEN followed.earlier_language
      ELSE 'en'
    END AS resource_event_data,
    CASE
      WHEN followed.requested_language IS NOT NULL THEN 'transcript_language'
      ELSE 'transcript_download'
    END AS resource_event_type,
  FROM
    followed
  WHERE
    followed.date IN UNNEST(@event_dates)
)

SELECT
  spoken.username,
  spoken.course_id,
  spoken.date,
  MAX(spoken.time) AS last_time,
  'video' AS resource,
  spoken.resource_event_data,
  spoken.resource_event_type,
  COUNT(*) AS langcount,
FROM
  spoken
GROUP BY
  spoken.username,
  spoken.course_id,
  spoken.date,
  spoken.resource_event_data,
  spoken.resource_event_type
