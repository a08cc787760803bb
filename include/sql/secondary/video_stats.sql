-- A block may be in the course twice: it is one video, where it first stands.
WITH videos AS (
  SELECT axis.*,
  FROM
    secondary.video_axis AS axis
  QUALIFY ROW_NUMBER() OVER (PARTITION BY axis.video_id ORDER BY axis.index_video) = 1
),

people AS (
  SELECT
    watched.video_id,
    watched.username,
    MAX(watched.position) AS position,
  FROM
    secondary.video_stats_day AS watched
  GROUP BY
    watched.video_id,
    watched.username
)

SELECT
  videos.course_id,
  videos.index_chapter,
  videos.index_video,
  videos.name,
  videos.video_id,
  videos.chapter_name,
  COUNTIF(people.position > 0) AS videos_viewed,
  -- In whole numbers, as 0.95 has no exact value: 95 of 100 s is not watched.
  COUNTIF(people.position > 0 AND 100 * people.position > 95 * videos.video_length) AS videos_watched,
FROM
  videos
LEFT JOIN people
  ON videos.video_id = people.video_id
GROUP BY
  videos.course_id,
  videos.index_chapter,
  videos.index_video,
  videos.name,
  videos.video_id,
  videos.chapter_name
