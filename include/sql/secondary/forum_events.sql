-- The days of @event_dates, wholly: whoever builds replaces exactly these dates.
WITH events AS (
  SELECT
    log_event.time,
    log_event.username,
    log_event.course_id,
    log_event.event_type,
    -- /courses/<id>/discussion/<rest>: <id> is Org/Course/Run or course-v1:Org+Course+Run, with the colon and the plus
    -- perhaps percent-encoded. NULL for names such as edx.forum.thread.created.
    REGEXP_EXTRACT(
      log_event.event_type, r'^/courses/(course-v1(?::|%3[Aa])[^/]+|[^/]+/[^/]+/[^/]+)/discussion/'
    ) AS path_course,
    RTRIM(
      REGEXP_EXTRACT(
        log_event.event_type, r'^/courses/(?:course-v1(?::|%3[Aa])[^/]+|[^/]+/[^/]+/[^/]+)/discussion/([^?]*)'
      ),
      ' /'
    ) AS path_rest,
    log_event.event,
    log_event.event_struct.id AS payload_id,
    log_event.event_struct.query AS payload_query,
    log_event.event_struct.GET AS event_GET,
    log_event.source_file,
    log_event.source_line,
  FROM
    logs.tracklog AS log_event
  WHERE
    DATE(log_event.time) IN UNNEST(@event_dates)
    AND TRIM(log_event.username) != ''
    AND (log_event.event_type LIKE '/courses/%/discussion/%' OR STARTS_WITH(log_event.event_type, 'edx.forum.'))
),

parts AS (
  SELECT
    events.*,
    REGEXP_EXTRACT(events.path_rest, r'^threads/[^/]+/([a-z]+)$') AS thread_verb,
    REGEXP_EXTRACT(events.path_rest, r'^comments/[^/]+/([a-z]+)$') AS comment_verb,
    -- A GET parameter is logged as a list of its values. The list goes first: its first value is what is meant.
    COALESCE(
      JSON_VALUE(events.event_GET, '$.ajax[0]'), JSON_VALUE(events.event_GET, '$.ajax')
    ) AS get_ajax,
    COALESCE(
      JSON_VALUE(events.event_GET, '$.text[0]'), JSON_VALUE(events.event_GET, '$.text')
    ) AS get_text,
    COALESCE(JSON_VALUE(events.event, '$.undo_vote') = 'true', FALSE) AS is_undone,
  FROM
    events
  WHERE
    STARTS_WITH(events.event_type, 'edx.forum.')
    OR REGEXP_REPLACE(
      REGEXP_REPLACE(events.path_course, r'^course-v1(?::|%3[Aa])', ''), r'\+|%2[Bb]| ', '/'
    ) = events.course_id
),

actions AS (
  SELECT
    parts.*,
    CASE
      WHEN parts.thread_verb IN (
        'reply', 'upvote', 'unvote', 'downvote', 'update', 'delete', 'close', 'pin', 'unpin'
      ) THEN parts.thread_verb
      WHEN parts.thread_verb IN ('follow', 'unfollow') THEN CONCAT(parts.thread_verb, '_thread')
      WHEN parts.comment_verb IN (
        'reply', 'upvote', 'unvote', 'downvote', 'update', 'delete', 'endorse'
      ) THEN CONCAT('comment_', parts.comment_verb)
      WHEN REGEXP_CONTAINS(parts.path_rest, r'^forum/[^/]+/(?:threads/[^/]+/)?inline$') THEN 'read_inline'
      WHEN REGEXP_CONTAINS(parts.path_rest, r'^forum/[^/]+/threads/[^/]+$')
        THEN CASE WHEN parts.get_ajax = '1' THEN 'read_inline' ELSE 'read' END
      WHEN parts.path_rest = 'forum/search' THEN 'search'
      WHEN parts.path_rest = 'forum' THEN 'enter_forum'
      WHEN REGEXP_CONTAINS(parts.path_rest, r'^[^/]+/threads/create$') THEN 'created_thread'
      WHEN REGEXP_CONTAINS(parts.path_rest, r'^(?:forum/)?users/[^/]+/followed$') THEN 'follow_user'
      WHEN REGEXP_CONTAINS(parts.path_rest, r'^(?:forum/)?users/[^/]+') THEN 'target_user'
      WHEN parts.event_type = 'edx.forum.thread.created' THEN 'created_thread'
      WHEN parts.event_type = 'edx.forum.response.created' THEN 'created_response'
      WHEN parts.event_type = 'edx.forum.comment.created' THEN 'created_comment'
      WHEN parts.event_type = 'edx.forum.searched' THEN 'searched'
      WHEN parts.event_type = 'edx.forum.thread.viewed' THEN 'read'
      WHEN parts.event_type = 'edx.forum.thread.voted'
        THEN CASE WHEN parts.is_undone THEN 'unvote' ELSE 'upvote' END
      WHEN parts.event_type = 'edx.forum.response.voted'
        THEN CASE WHEN parts.is_undone THEN 'comment_unvote' ELSE 'comment_upvote' END
      ELSE 'other'
    END AS forum_action,
  FROM
    parts
)

SELECT
  actions.time,
  actions.username,
  actions.course_id,
  actions.forum_action,
  CASE
    WHEN actions.forum_action = 'other' THEN NULL
    WHEN actions.path_rest IS NOT NULL
      THEN REGEXP_EXTRACT(actions.path_rest, r'^(?:forum/[^/]+/)?threads/([^/]+)')
    WHEN STARTS_WITH(actions.event_type, 'edx.forum.thread.') THEN actions.payload_id
    WHEN actions.forum_action IN ('created_response', 'created_comment')
      THEN JSON_VALUE(actions.event, '$.discussion.id')
  END AS thread_id,
  CASE
    WHEN actions.forum_action = 'created_thread' THEN REGEXP_EXTRACT(actions.path_rest, r'^([^/]+)/threads/create$')
    WHEN actions.forum_action IN ('read', 'read_inline') THEN REGEXP_EXTRACT(actions.path_rest, r'^forum/([^/]+)/')
    WHEN STARTS_WITH(actions.forum_action, 'comment_') THEN REGEXP_EXTRACT(actions.path_rest, r'^comments/([^/]+)/')
  END AS subject,
  CASE
    WHEN actions.forum_action IN ('target_user', 'follow_user')
      THEN SAFE_CAST(REGEXP_EXTRACT(actions.path_rest, r'^(?:forum/)?users/([0-9]+)(?:/|$)') AS INT64)
  END AS target_user_id,
  CASE
    WHEN actions.forum_action = 'search' THEN actions.get_text
    WHEN actions.forum_action = 'searched' THEN actions.payload_query
  END AS search_query,
  actions.event_GET,
  STARTS_WITH(actions.event_type, 'edx.forum.') AS is_named,
  actions.source_file,
  actions.source_line,
FROM
  actions
