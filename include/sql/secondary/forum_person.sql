WITH deeds AS (
  SELECT
    post.slug_id,
    post.username,
    1 AS wrote,
    0 AS reads,
    0 AS pinned,
    0 AS upvoted,
    0 AS unvoted,
    0 AS followed,
    post.first_time,
    post.first_time AS last_time,
  FROM
    secondary.forum_posts AS post
  WHERE
    post.username IS NOT NULL
  UNION ALL
  -- Who reads a thread reads every post in it. What concerns one post is said of that post alone.
  SELECT
    post.slug_id,
    deed.username,
    0 AS wrote,
    COUNTIF(deed.forum_action IN ('read', 'read_inline')) AS reads,
    COUNTIF(deed.forum_action = 'pin') AS pinned,
    COUNTIF(deed.forum_action IN ('upvote', 'comment_upvote')) AS upvoted,
    COUNTIF(deed.forum_action IN ('unvote', 'comment_unvote')) AS unvoted,
    COUNTIF(deed.forum_action = 'follow_thread') AS followed,
    MIN(deed.time) AS first_time,
    MAX(deed.time) AS last_time,
  FROM
    secondary.forum_events AS deed
  INNER JOIN secondary.forum_posts AS post
    ON
      CASE
        WHEN deed.forum_action IN ('read', 'read_inline') THEN post.thread_id
        ELSE post.slug_id
      END = CASE
        WHEN deed.forum_action IN ('comment_upvote', 'comment_unvote') THEN deed.subject
        ELSE deed.thread_id
      END
  WHERE
    deed.forum_action IN (
      'read', 'read_inline', 'pin', 'upvote', 'comment_upvote', 'unvote', 'comment_unvote', 'follow_thread'
    )
  GROUP BY
    post.slug_id,
    deed.username
),

people AS (
  SELECT
    deeds.slug_id,
    deeds.username,
    SUM(deeds.wrote) AS wrote,
    SUM(deeds.reads) AS reads,
    SUM(deeds.pinned) AS pinned,
    SUM(deeds.upvoted) AS upvoted,
    SUM(deeds.unvoted) AS unvoted,
    SUM(deeds.followed) AS followed,
    MIN(deeds.first_time) AS first_time,
    MAX(deeds.last_time) AS last_time,
  FROM
    deeds
  GROUP BY
    deeds.slug_id,
    deeds.username
)

SELECT
  people.username,
  post.course_id,
  people.slug_id,
  post.slug_type,
  post.thread_id,
  post.parent_id,
  post.original_poster,
  post.responded_to,
  post.title,
  people.wrote,
  people.reads AS read,
  people.pinned,
  people.upvoted,
  people.unvoted,
  people.followed,
  people.first_time,
  people.last_time,
FROM
  people
INNER JOIN secondary.forum_posts AS post
  ON people.slug_id = post.slug_id
