-- DuckDB's: the rows of a big course, from the variables first_day, days, events, learners and course. Nothing is drawn by
-- lot: a number's hash says what it is, so that each run has the same rows.

-- A session is up to 59 events of one learner on one day. Few learners do much, most do little. Of a hundred sessions one
-- is delivered a day late, and of fifty one is nobody's.
CREATE OR REPLACE TEMP TABLE sessions AS
WITH drawn AS (
  SELECT
    range AS id,
    CAST(floor(pow((hash(range, 'who') % 1000000) / 1e6, 2) * getvariable('learners')) AS BIGINT) AS user_id,
    CAST(hash(range, 'day') % getvariable('days') AS INTEGER) AS day,
    CAST(hash(range, 'second') % 82800 AS INTEGER) AS begun,
    CAST(1 + hash(range, 'length') % 59 AS BIGINT) AS length
  FROM range(getvariable('events') // 29 + 100)
),
counted AS (
  SELECT *, sum(length) OVER (ORDER BY id) - length AS before FROM drawn
)
SELECT
  id, user_id, day, begun, CAST(least(length, getvariable('events') - before) AS BIGINT) AS length,
  CASE WHEN hash(id, 'nobody') % 50 > 0 THEN 'learner' || user_id END AS username,
  CAST(getvariable('first_day') + day AS DATE) AS event_date,
  CAST(getvariable('first_day') + least(day + (hash(id, 'late') % 100 = 0)::INTEGER, getvariable('days') - 1) AS DATE) AS log_date,
  concat_ws('.', 11 + user_id % 90, user_id // 90 % 250, hash(user_id) % 250, CASE WHEN hash(id, 'away') % 5 = 0 THEN 7 ELSE 1 END) AS ip
FROM counted
WHERE before < getvariable('events')
ORDER BY log_date, id;

CREATE OR REPLACE TEMP MACRO rows_of(wanted) AS TABLE
WITH events AS (
  SELECT
    session.*,
    step.place,
    (hash(session.id, step.place) % 1000000007)::BIGINT AS lot,
    (hash(session.id, step.place, 'what') % 200)::BIGINT AS thing,
    session.event_date::TIMESTAMP
    + to_microseconds((session.begun + step.place * 20) * 1000000 + (hash(session.id, step.place) % 19000000)::BIGINT) AS time
  FROM sessions AS session, unnest(range(session.length)) AS step (place)
  WHERE session.log_date = wanted
),
named AS (
  SELECT
    *,
    '/courses/' || getvariable('course') || '/' AS root,
    CASE
      WHEN lot % 100 < 18 THEN 'play_video'
      WHEN lot % 100 < 32 THEN 'pause_video'
      WHEN lot % 100 < 38 THEN 'seek_video'
      WHEN lot % 100 < 40 THEN 'stop_video'
      WHEN lot % 100 < 56 THEN 'problem_check'
      WHEN lot % 100 < 57 THEN 'show_answer'
      WHEN lot % 100 < 58 THEN 'showanswer'
      WHEN lot % 100 < 65 THEN 'seq_goto'
      WHEN lot % 100 < 70 THEN 'page_close'
      WHEN lot % 100 < 72 THEN 'show_transcript'
      WHEN lot % 100 < 74 THEN 'edx.forum.thread.viewed'
      WHEN lot % 100 < 75 THEN '/transcript/translation/' || ['en', 'es', 'zh'][1 + thing % 3]
      WHEN lot % 100 < 76 THEN 'edx.course.enrollment.activated'
      WHEN lot % 100 < 84 THEN root || 'xblock/block-' || thing || '/handler/xmodule_handler/problem_get'
      WHEN lot % 100 < 87 THEN root || 'progress'
      WHEN lot % 100 < 91 THEN root || 'discussion/forum/topic' || thing % 9 || '/threads/' || md5(thing::TEXT)
      ELSE root || 'courseware/chapter' || thing % 20 || '/section' || thing
    END AS event_type
  FROM events
)
SELECT
  time AT TIME ZONE 'UTC' AS time,
  event_type, username,
  getvariable('course') AS course_id,
  'context' AS course_id_source,
  ip,
  -- Every second answer is told by the browser, and once more by the server.
  CASE WHEN event_type[1] = '/' OR event_type[1:3] = 'edx' OR lot % 2 = 0 THEN 'server' ELSE 'browser' END AS event_source,
  'Mozilla/5.0 (Windows NT 6.' || user_id % 4 || '; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/3' || user_id % 9 || '.0' AS agent,
  'https://courses.edx.org' || root || 'courseware/chapter' || thing % 20 || '/section' || thing || '/' AS page,
  'courses.edx.org' AS host,
  md5(id::TEXT) AS session,
  event_type AS name,
  user_id,
  split_part(getvariable('course'), '/', 1) AS org_id,
  CASE WHEN event_type = 'problem_check' THEN replace(getvariable('course'), '/2014_T1', '') || '/problem/problem' || thing END AS module_id,
  CASE
    WHEN event_type LIKE '%_video' THEN '{"id": "i4x-HarvardX-CS50x-video-video' || thing || '", "currentTime": ' || thing * 3 + place || ', "code": "html5"}'
    WHEN event_type = 'problem_check' THEN
      '{"answers": {"p' || thing || '_2_1": "choice_' || lot % 4 || '"}, "submission": {"p' || thing || '_2_1": {"response_type": "'
      || ['multiplechoiceresponse', 'numericalresponse', 'stringresponse'][1 + thing % 3] || '", "correct": true}}, "attempts": 1}'
    WHEN event_type[1:3] = 'edx' THEN '{"id": "' || md5(thing::TEXT) || '", "mode": "honor"}'
  END AS event,
  struct_pack(
    user_id := CASE WHEN event_type LIKE 'edx.course%' THEN user_id END,
    mode := CASE WHEN event_type LIKE 'edx.course%' THEN ['honor', 'verified'][1 + (thing = 0)::INTEGER] END,
    id := CASE WHEN event_type LIKE '%_video' THEN 'i4x-HarvardX-CS50x-video-video' || thing WHEN event_type LIKE 'edx.forum%' THEN md5(thing::TEXT) END,
    currentTime := CASE WHEN event_type LIKE '%_video' THEN (thing * 3 + place)::DOUBLE END,
    attempts := CASE WHEN event_type = 'problem_check' THEN 1 END,
    success := CASE WHEN event_type = 'problem_check' THEN ['correct', 'incorrect'][1 + (lot % 2)::INTEGER] END
  ) AS event_struct,
  'harvardx-prod-events-' || log_date || '.log.gz' AS source_file,
  row_number() OVER () AS source_line,
  log_date
FROM named;

CREATE OR REPLACE TEMP MACRO user_info_combo() AS TABLE
SELECT
  range AS user_id,
  'learner' || range AS username,
  'learner' || range || '@example' || range % 50 || '.org' AS email,
  (getvariable('first_day') - INTERVAL 9 DAY)::TIMESTAMP AT TIME ZONE 'UTC' AS date_joined,
  (getvariable('first_day') + (range % getvariable('days'))::INTEGER)::TIMESTAMP AT TIME ZONE 'UTC' AS enrollment_created,
  ['honor', 'audit', 'verified'][1 + range % 3] AS enrollment_mode,
  CASE WHEN range % 20 = 0 THEN 'downloadable' ELSE 'notpassing' END AS certificate_status,
  (range % 100) / 100 AS certificate_grade,
  ['m', 'f', 'o'][1 + range % 3] AS profile_gender,
  ['b', 'm', 'hs', 'p'][1 + range % 4] AS profile_level_of_education,
  1950 + range % 55 AS profile_year_of_birth
FROM range(getvariable('learners'));

CREATE OR REPLACE TEMP MACRO course_axis() AS TABLE
SELECT
  CASE WHEN range < 20 THEN 'chapter' WHEN range < 220 THEN 'video' ELSE 'problem' END AS category,
  range AS index,
  category || CASE WHEN range < 20 THEN range ELSE range - 20 END AS url_name,
  replace(getvariable('course'), '/2014_T1', '') || '/' || category || '/' || url_name AS module_id,
  getvariable('course') AS course_id,
  '/' || url_name AS path,
  FALSE AS is_split,
  replace(getvariable('course'), '/2014_T1', '') || '/chapter/chapter' || range % 20 AS chapter_mid
FROM range(420);

CREATE OR REPLACE TEMP MACRO grade_cutoffs() AS TABLE
SELECT getvariable('course') AS course_id, 'Pass' AS letter, 0.6 AS cutoff;

CREATE OR REPLACE TEMP MACRO studentmodule() AS TABLE
SELECT
  range AS id,
  'chapter' AS module_type,
  replace(getvariable('course'), '/2014_T1', '') || '/chapter/chapter' || range % 5 AS module_id,
  range // 5 AS student_id,
  getvariable('course') AS course_id,
  getvariable('first_day')::TIMESTAMP AT TIME ZONE 'UTC' AS created
FROM range(getvariable('learners') * 4);

CREATE OR REPLACE TEMP MACRO forum() AS TABLE
SELECT
  md5(range::TEXT) AS mongoid,
  getvariable('course') AS course_id,
  CASE WHEN range % 4 = 0 THEN 'CommentThread' ELSE 'Comment' END AS _type,
  (hash(range) % getvariable('learners'))::BIGINT AS author_id,
  getvariable('first_day')::TIMESTAMP AT TIME ZONE 'UTC' AS created_at
FROM range(getvariable('learners') // 2);

CREATE OR REPLACE TEMP MACRO rolecourse() AS TABLE
SELECT getvariable('course') AS course_id, range AS user_id, 'staff' AS role FROM range(20);

CREATE OR REPLACE TEMP MACRO roleforum() AS TABLE
SELECT getvariable('course') AS course_id, range AS user_id, 'Student' AS name FROM range(getvariable('learners'));
