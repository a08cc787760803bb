-- The historical query lacked brackets around its OR and appended all activations of the boundary days at each run.
WITH changes AS (
  SELECT
    enrollment.*,
    CASE
      WHEN enrollment.activated THEN 1
      WHEN enrollment.deactivated THEN -1
      ELSE 0
    END AS diff,
  FROM
    secondary.enrollment_events AS enrollment
  WHERE
    DATE(enrollment.time) IN UNNEST(@event_dates)
    AND (enrollment.activated OR enrollment.deactivated OR enrollment.mode_changed)
)

SELECT
  changes.course_id,
  changes.time,
  changes.user_id,
  CASE WHEN changes.mode = 'honor' THEN changes.diff ELSE 0 END AS diff_enrollment_honor,
  CASE
    WHEN changes.mode_changed AND changes.mode = 'verified' THEN 1
    WHEN changes.mode_changed AND changes.mode = 'honor' THEN -1
    WHEN changes.mode = 'verified' THEN changes.diff
    ELSE 0
  END AS diff_enrollment_verified,
  CASE WHEN changes.mode = 'audit' THEN changes.diff ELSE 0 END AS diff_enrollment_audit,
  changes.diff AS diff_enrollment,
  changes.source_file,
  changes.source_line,
FROM
  changes
