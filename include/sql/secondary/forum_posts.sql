-- @until is the end of a window, whose export may be of a later day: what was written since then is left out.
WITH posts AS (
  SELECT
    document.mongoid,
    document.course_id,
    document.author_username,
    CASE
      WHEN document._type = 'CommentThread' THEN 'initial_post'
      WHEN COALESCE(document.parent_id, '') = '' THEN 'response_post'
      ELSE 'comment'
    END AS slug_type,
    CASE WHEN document._type = 'CommentThread' THEN document.mongoid ELSE document.comment_thread_id END AS thread_id,
    NULLIF(document.parent_id, '') AS parent_id,
    document.title,
    document.created_at,
    SUBSTR(document.body, 1, 100) AS body_preview,
  FROM
    transformed.forum AS document
  WHERE
    COALESCE(document.created_at < TIMESTAMP(@until), TRUE)
)

SELECT
  posts.author_username AS username,
  posts.course_id,
  posts.mongoid AS slug_id,
  posts.slug_type,
  posts.thread_id,
  posts.parent_id,
  threads.author_username AS original_poster,
  CASE posts.slug_type
    WHEN 'response_post' THEN threads.author_username
    WHEN 'comment' THEN parents.author_username
  END AS responded_to,
  threads.title,
  posts.created_at AS first_time,
  posts.body_preview,
FROM
  posts
LEFT JOIN posts AS threads
  ON posts.thread_id = threads.mongoid
LEFT JOIN posts AS parents
  ON posts.parent_id = parents.mongoid
