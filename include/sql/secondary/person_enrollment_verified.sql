WITH moves AS (
  SELECT
    enrollment.course_id,
    enrollment.user_id,
    enrollment.time,
    (enrollment.activated OR enrollment.mode_changed) AND enrollment.mode = 'verified' AS enters,
    enrollment.deactivated AND enrollment.mode = 'verified' AS unenrolls,
    enrollment.mode_changed AND enrollment.mode != 'verified' AS changes_away,
  FROM
    secondary.enrollment_events AS enrollment
  WHERE
    enrollment.user_id IS NOT NULL
),

people AS (
  SELECT
    moves.course_id,
    moves.user_id,
    MIN(CASE WHEN moves.enters THEN moves.time END) AS first_entry,
    MAX(CASE WHEN moves.enters THEN moves.time END) AS last_entry,
    MAX(CASE WHEN moves.unenrolls THEN moves.time END) AS last_unenrollment,
    MAX(CASE WHEN moves.unenrolls OR moves.changes_away THEN moves.time END) AS last_exit,
  FROM
    moves
  GROUP BY
    moves.course_id,
    moves.user_id
)

SELECT
  people.course_id,
  people.user_id,
  people.first_entry AS verified_enroll_time,
  CASE
    -- Without an entry in the logs a change of mode may be between two others, so only a deactivation tells.
    WHEN people.last_entry IS NULL THEN people.last_unenrollment
    WHEN people.last_exit > people.last_entry THEN people.last_exit
  END AS verified_unenroll_time,
FROM
  people
WHERE
  people.last_entry IS NOT NULL
  OR people.last_unenrollment IS NOT NULL
