-- @until is the end of a window, whose export may be of a later day: what was written since then is left out.
SELECT
  @course_id AS course_id,
  document.author_id AS user_id,
  COUNT(*) AS nforum,
  COALESCE(SUM(document.votes.count), 0) AS nvotes,
  COUNTIF(document.pinned) AS npinned,
  COUNTIF(document.endorsed) AS nendorsed,
  COUNTIF(document._type = 'CommentThread') AS nthread,
  COUNTIF(document._type = 'Comment') AS ncomment,
FROM
  transformed.forum AS document
WHERE
  document.author_id IS NOT NULL
  AND COALESCE(document.created_at < TIMESTAMP(@until), TRUE)
GROUP BY
  document.author_id
