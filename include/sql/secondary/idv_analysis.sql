WITH course AS (
  SELECT MAX(verified.verified_enroll_time) AS last_verified_enroll_time,
  FROM
    secondary.person_enrollment_verified AS verified
),

viewers AS (
  SELECT
    person.*,
    course.last_verified_enroll_time,
    COALESCE(person.mode = 'verified', FALSE) AS is_verified,
    COALESCE(
      CASE WHEN person.mode = 'verified' THEN person.verified_enroll_time END, course.last_verified_enroll_time
    ) AS reference_time,
  FROM
    secondary.person_course AS person
  CROSS JOIN course
  WHERE
    person.viewed
    AND course.last_verified_enroll_time IS NOT NULL
),

-- A check without a problem's id counts, but no points can be told of its problem.
problems AS (
  SELECT
    viewers.user_id,
    answer.module_id,
    COUNT(*) AS n_problem_records,
    COUNTIF(answer.success = 'correct') AS n_correct,
    COUNTIF(answer.success = 'incorrect') AS n_incorrect,
    CASE WHEN answer.module_id IS NOT NULL THEN MAX(answer.grade) END AS points,
  FROM
    viewers
  INNER JOIN secondary.problem_check AS answer
    ON viewers.username = answer.username
  WHERE
    answer.time < viewers.reference_time
  GROUP BY
    viewers.user_id,
    answer.module_id
),

answers AS (
  SELECT
    problems.user_id,
    SUM(problems.n_problem_records) AS n_problem_records,
    SUM(problems.n_correct) AS n_correct,
    SUM(problems.n_incorrect) AS n_incorrect,
    ROUND(SUM(problems.points), 6) AS total_problem_points,
  FROM
    problems
  GROUP BY
    problems.user_id
),

shown AS (
  SELECT
    viewers.user_id,
    COUNT(*) AS n_show_answer,
  FROM
    viewers
  INNER JOIN secondary.show_answer AS click
    ON viewers.username = click.username
  WHERE
    click.time < viewers.reference_time
  GROUP BY
    viewers.user_id
),

days AS (
  SELECT
    viewers.user_id,
    SUM(day.nprogcheck) AS nprogcheck,
    SUM(day.nvideo) AS nvideo,
    SUM(day.nforum_reads) AS nforum_reads,
    SUM(day.nforum_posts) AS nforum_posts,
    ROUND(SUM(day.sum_dt) / 3600, 6) AS hours_on_system,
  FROM
    viewers
  INNER JOIN secondary.person_course_day AS day
    ON viewers.username = day.username
  WHERE
    day.date < DATE(viewers.reference_time)
  GROUP BY
    viewers.user_id
)

SELECT
  viewers.course_id,
  viewers.user_id,
  CASE WHEN viewers.is_verified THEN 1 ELSE 0 END AS is_idv,
  viewers.reference_time,
  COALESCE(answers.n_problem_records, 0) AS n_problem_records,
  COALESCE(answers.n_correct, 0) AS n_correct,
  COALESCE(answers.n_incorrect, 0) AS n_incorrect,
  COALESCE(answers.total_problem_points, 0.0) AS total_problem_points,
  COALESCE(shown.n_show_answer, 0) AS n_show_answer,
  COALESCE(days.nprogcheck, 0) AS nprogcheck,
  COALESCE(days.nvideo, 0) AS nvideo,
  COALESCE(days.nforum_reads, 0) AS nforum_reads,
  COALESCE(days.nforum_posts, 0) AS nforum_posts,
  COALESCE(days.hours_on_system, 0.0) AS hours_on_system,
  viewers.grade AS final_course_grade,
  CASE WHEN viewers.certified THEN 1 ELSE 0 END AS earned_certificate,
  viewers.gender,
  viewers.YoB,
  viewers.LoE,
  viewers.profile_country,
  viewers.start_time,
  viewers.verified_enroll_time,
  viewers.verified_unenroll_time,
  viewers.last_verified_enroll_time,
FROM
  viewers
LEFT JOIN answers
  ON viewers.user_id = answers.user_id
LEFT JOIN shown
  ON viewers.user_id = shown.user_id
LEFT JOIN days
  ON viewers.user_id = days.user_id
