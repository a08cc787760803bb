-- A submission is of one block; if ever events named two, the result must not depend on their order.
WITH submissions AS (
  SELECT
    ora_event.submission_uuid,
    MAX(ora_event.module_id) AS module_id,
  FROM
    secondary.ora_events_day AS ora_event
  WHERE
    ora_event.submission_uuid IS NOT NULL
  GROUP BY
    ora_event.submission_uuid
),

placed AS (
  SELECT
    ora_event.*,
    COALESCE(ora_event.module_id, submissions.module_id) AS block_id,
  FROM
    secondary.ora_events_day AS ora_event
  LEFT JOIN submissions
    ON ora_event.submission_uuid = submissions.submission_uuid
)

SELECT
  REGEXP_EXTRACT(placed.block_id, r'([^/]+)$') AS problem_id,
  placed.block_id AS module_id,
  placed.time,
  placed.username,
  placed.course_id,
  placed.action,
  placed.submission_uuid,
  placed.part1_points,
  placed.part1_feedback,
  placed.attempt_num,
  placed.event_type,
  placed.event,
  placed.event_source,
  placed.answer_text,
  placed.source_file,
  placed.source_line,
FROM
  placed
