-- The days of @event_dates, wholly: whoever builds replaces exactly these dates, so a late event lands in its day once.
-- A gap belongs to the date of its later event; the earlier one may be of the date before, which is read but not kept.
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
        PARTITION BY events.username, events.course_id
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
  WHERE
    gaps.date IN UNNEST(@event_dates)
),

activity AS (
  SELECT
    measured.username,
    measured.course_id,
    measured.date,
    COUNT(*) AS nevents,
    COUNTIF(measured.is_in_course AND STARTS_WITH(measured.path_rest, 'progress')) AS nprogcheck,
    COUNTIF(measured.event_type IN ('show_answer', 'showanswer')) AS nshow_answer,
    COUNTIF(
      measured.event_source = 'server' AND measured.event_type IN ('show_answer', 'showanswer')
    ) AS nshow_answer_server,
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

watched AS (
  SELECT
    video.username,
    video.course_id,
    video.date,
    COUNT(*) AS nvideos_viewed,
    ROUND(SUM(video.position), 6) AS nvideos_watched_sec,
  FROM
    secondary.video_stats_day AS video
  WHERE
    video.date IN UNNEST(@event_dates)
  GROUP BY
    video.username,
    video.course_id,
    video.date
),

forum_actions AS (
  SELECT
    forum_event.username,
    forum_event.course_id,
    DATE(forum_event.time) AS date,
    forum_event.thread_id,
    forum_event.is_named,
    forum_event.forum_action,
    forum_event.forum_action IN ('read', 'read_inline') AS is_read,
  FROM
    secondary.forum_events AS forum_event
  WHERE
    DATE(forum_event.time) IN UNNEST(@event_dates)
),

-- A reading that was logged as a request and as a named event is two rows of one thread; lists of threads have no
-- thread and are requests only.
threads AS (
  SELECT
    forum_actions.username,
    forum_actions.course_id,
    forum_actions.date,
    forum_actions.thread_id,
    COUNTIF(forum_actions.is_read AND NOT forum_actions.is_named) AS reads_requested,
    COUNTIF(forum_actions.is_read AND forum_actions.is_named) AS reads_named,
    COUNTIF(forum_actions.forum_action = 'created_thread' AND NOT forum_actions.is_named) AS threads_requested,
    COUNTIF(forum_actions.forum_action = 'created_thread' AND forum_actions.is_named) AS threads_named,
    COUNTIF(forum_actions.forum_action = 'reply') AS responses_requested,
    COUNTIF(forum_actions.forum_action = 'created_response') AS responses_named,
    COUNTIF(forum_actions.forum_action = 'comment_reply') AS comments_requested,
    COUNTIF(forum_actions.forum_action = 'created_comment') AS comments_named,
  FROM
    forum_actions
  GROUP BY
    forum_actions.username,
    forum_actions.course_id,
    forum_actions.date,
    forum_actions.thread_id
),

talked AS (
  SELECT
    threads.username,
    threads.course_id,
    threads.date,
    SUM(threads.reads_requested + threads.reads_named) AS nforum_reads,
    SUM(GREATEST(threads.reads_requested, threads.reads_named)) AS nforum_reads_once,
    SUM(
      threads.threads_requested + threads.threads_named
      + threads.responses_requested + threads.responses_named
      + threads.comments_requested + threads.comments_named
    ) AS nforum_posts,
    -- Requests to write do not always know their thread, so these are matched over the whole day.
    GREATEST(SUM(threads.threads_requested), SUM(threads.threads_named))
    + GREATEST(SUM(threads.responses_requested), SUM(threads.responses_named))
    + GREATEST(SUM(threads.comments_requested), SUM(threads.comments_named)) AS nforum_posts_once,
    COUNT(threads.thread_id) AS nforum_threads,
  FROM
    threads
  GROUP BY
    threads.username,
    threads.course_id,
    threads.date
),

problems AS (
  SELECT
    answer.username,
    answer.course_id,
    DATE(answer.time) AS date,
    answer.module_id,
    COUNT(*) AS attempts,
    -- Of a problem that was changed on the day the last of its kinds by name, so that one is meant.
    COALESCE(MAX(answer.itype), 'unknown') AS itype,
  FROM
    secondary.problem_check AS answer
  WHERE
    DATE(answer.time) IN UNNEST(@event_dates)
    AND answer.module_id IS NOT NULL
  GROUP BY
    answer.username,
    answer.course_id,
    date,
    answer.module_id
),

answered AS (
  SELECT
    problems.username,
    problems.course_id,
    problems.date,
    COUNT(*) AS nproblems_answered,
    SUM(problems.attempts) AS nproblems_attempted,
    COUNTIF(problems.itype = 'multiplechoiceresponse') AS nproblems_multiplechoice,
    COUNTIF(problems.itype = 'choiceresponse') AS nproblems_choice,
    COUNTIF(problems.itype = 'numericalresponse') AS nproblems_numerical,
    COUNTIF(problems.itype = 'optionresponse') AS nproblems_option,
    COUNTIF(problems.itype = 'customresponse') AS nproblems_custom,
    COUNTIF(problems.itype = 'stringresponse') AS nproblems_string,
    COUNTIF(problems.itype = 'mixed') AS nproblems_mixed,
    COUNTIF(problems.itype = 'formularesponse') AS nproblems_forumula,
    COUNTIF(
      problems.itype NOT IN (
        'multiplechoiceresponse', 'choiceresponse', 'numericalresponse', 'optionresponse', 'customresponse',
        'stringresponse', 'mixed', 'formularesponse'
      )
    ) AS nproblems_other,
  FROM
    problems
  GROUP BY
    problems.username,
    problems.course_id,
    problems.date
)

SELECT
  activity.username,
  activity.course_id,
  activity.date,
  activity.nevents,
  activity.nprogcheck,
  activity.nshow_answer,
  activity.nshow_answer_server,
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
  COALESCE(talked.nforum_reads, 0) AS nforum_reads,
  COALESCE(talked.nforum_reads_once, 0) AS nforum_reads_once,
  COALESCE(talked.nforum_posts, 0) AS nforum_posts,
  COALESCE(talked.nforum_posts_once, 0) AS nforum_posts_once,
  COALESCE(talked.nforum_threads, 0) AS nforum_threads,
  COALESCE(answered.nproblems_answered, 0) AS nproblems_answered,
  COALESCE(answered.nproblems_attempted, 0) AS nproblems_attempted,
  COALESCE(answered.nproblems_multiplechoice, 0) AS nproblems_multiplechoice,
  COALESCE(answered.nproblems_choice, 0) AS nproblems_choice,
  COALESCE(answered.nproblems_numerical, 0) AS nproblems_numerical,
  COALESCE(answered.nproblems_option, 0) AS nproblems_option,
  COALESCE(answered.nproblems_custom, 0) AS nproblems_custom,
  COALESCE(answered.nproblems_string, 0) AS nproblems_string,
  COALESCE(answered.nproblems_mixed, 0) AS nproblems_mixed,
  COALESCE(answered.nproblems_forumula, 0) AS nproblems_forumula,
  COALESCE(answered.nproblems_other, 0) AS nproblems_other,
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
LEFT JOIN talked
  ON
    activity.username = talked.username
    AND activity.course_id = talked.course_id
    AND activity.date = talked.date
LEFT JOIN answered
  ON
    activity.username = answered.username
    AND activity.course_id = answered.course_id
    AND activity.date = answered.date
