WITH students AS (
  SELECT person.*,
  FROM
    secondary.person_course AS person
  LEFT JOIN secondary.roles AS role
    ON person.course_id = role.course_id AND person.user_id = role.user_id
  WHERE
    COALESCE(role.roles, 'Student') = 'Student'
    AND person.start_time IS NOT NULL
),

changes AS (
  SELECT
    student.course_id,
    student.snapshot_date,
    DATE(student.start_time) AS date,
    student.mode,
    1 AS enrolled,
    0 AS gone,
  FROM
    students AS student
  UNION ALL
  SELECT
    student.course_id,
    student.snapshot_date,
    -- Nobody leaves before enrolling, whatever was logged then.
    DATE(GREATEST(COALESCE(student.last_event, student.start_time), student.start_time)) AS date,
    student.mode,
    0 AS enrolled,
    1 AS gone,
  FROM
    students AS student
  WHERE
    student.is_active = 0
),

days AS (
  SELECT
    changes.course_id,
    changes.snapshot_date,
    changes.date,
    SUM(changes.enrolled) AS nregistered_ever,
    SUM(changes.gone) AS n_unregistered,
    SUM(CASE WHEN changes.mode = 'verified' THEN changes.enrolled ELSE 0 END) AS nverified_ever,
    SUM(CASE WHEN changes.mode = 'verified' THEN changes.gone ELSE 0 END) AS nverified_un_registered,
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
  days.nverified_un_registered,
  days.nverified_ever - days.nverified_un_registered AS nverified_net,
  SUM(days.nverified_ever) OVER running AS nverified_ever_cum,
  SUM(days.nverified_ever - days.nverified_un_registered) OVER running AS nverified_net_cum,
  days.snapshot_date,
FROM
  days
WINDOW running AS (PARTITION BY days.course_id ORDER BY days.date)
