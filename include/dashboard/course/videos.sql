SELECT
  video.index_video AS position,
  video.chapter_name AS chapter,
  COALESCE(video.name, video.video_id) AS name,
  video.videos_viewed AS viewed,
  video.videos_watched AS watched,
  ROUND(SAFE_DIVIDE(video.videos_watched, video.videos_viewed), 6) AS watched_share,
FROM
  secondary.video_stats AS video
ORDER BY
  video.index_video
