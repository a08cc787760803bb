WITH changes AS (
  SELECT
    person.course_id,
    person.snapshot_date,
    DATE(person.start_time) AS date,
    person.mode,
    1 AS enrolled,
    0 AS gone,
  FROM
    secondary.person_course AS person
  WHERE
    person.start_time IS NOT NULL
  UNION ALL
  SELECT
    person.course_id,
    person.snapshot_date,
    -- Nobody leaves before enrolling, whatever was logged then.
    DATE(GREATEST(COALESCE(person.last_event, person.start_time), person.start_time)) AS date,
    person.mode,
    0 AS enrolled,
    1 AS gone,
  FROM
    secondary.person_course AS person
  WHERE
    person.start_time IS NOT NULL
    AND person.is_active = 0
),

days AS (
  SELECT
    changes.course_id,
    changes.snapshot_date,
    changes.date,
    SUM(changes.enrolled) AS nregistered_ever,
    SUM(changes.gone) AS n_unregistered,
    SUM(CASE WHEN changes.mode = 'verified' THEN changes.enrolled ELSE 0 END) AS nverified_ever,
    SUM(CASE WHEN changes.mode = 'verified' THEN changes.gone ELSE 0 END) AS n_unverified,
  FROM
    changes
  GROUP BY
    changes.course_id,
    changes.snapshot_date,
    changes.date
)

SELECT
  days.course_id,
  days.date,
  days.nregistered_ever,
  days.n_unregistered,
  days.nregistered_ever - days.n_unregistered AS nregistered_net,
  SUM(days.nregistered_ever) OVER running AS nregistered_ever_cum,
  SUM(days.nregistered_ever - days.n_unregistered) OVER running AS nregistered_net_cum,
  days.nverified_ever,
  days.n_unverified,
  days.nverified_ever - days.n_unverified AS nverified_net,
  SUM(days.nverified_ever) OVER running AS nverified_ever_cum,
  SUM(days.nverified_ever - days.n_unverified) OVER running AS nverified_net_cum,
  days.snapshot_date,
FROM
  days
WINDOW running AS (PARTITION BY days.course_id ORDER BY days.date)
