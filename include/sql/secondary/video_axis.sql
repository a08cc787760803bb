-- A position beyond a day is a broken player's, and no length of a video.
WITH lengths AS (
  SELECT
    watched.video_id,
    MAX(CASE WHEN watched.duration <= 86400 THEN watched.duration END) AS logged,
    MAX(CASE WHEN watched.position > 0 AND watched.position <= 86400 THEN watched.position END) AS furthest,
  FROM
    secondary.video_stats_day AS watched
  GROUP BY
    watched.video_id
),

chapters AS (
  SELECT
    block.module_id,
    MIN(block.index) AS index_chapter,
    ARRAY_AGG(block.name ORDER BY block.index)[SAFE_OFFSET(0)] AS chapter_name,
  FROM
    transformed.course_axis AS block
  WHERE
    block.category = 'chapter'
  GROUP BY
    block.module_id
)

SELECT
  chapters.index_chapter,
  video.index AS index_video,
  video.category,
  video.course_id,
  video.name,
  video.url_name AS video_id,
  -- Of the ids by speed, as in 0.75:a,1.00:b, the one of normal speed.
  COALESCE(
    REGEXP_EXTRACT(video.data.ytid, r'(?:^|,)\s*1\.0+:([^,\s]+)'),
    REGEXP_EXTRACT(video.data.ytid, r'^[^:]*:([^,\s]+)')
  ) AS youtube_id,
  chapters.chapter_name,
  CAST(ROUND(COALESCE(lengths.logged, lengths.furthest)) AS INT64) AS video_length,
  CASE
    WHEN lengths.logged IS NOT NULL THEN 'duration'
    WHEN lengths.furthest IS NOT NULL THEN 'position'
  END AS video_length_source,
FROM
  transformed.course_axis AS video
LEFT JOIN chapters
  ON video.chapter_mid = chapters.module_id
LEFT JOIN lengths
  ON video.url_name = lengths.video_id
WHERE
  video.category = 'video'
