SELECT
  video.index_chapter,
  video.index_video,
  video.category,
  video.course_id,
  video.name,
  video.video_id,
  video.youtube_id,
  video.chapter_name,
  video.video_length,
  video.video_length_source,
  video.snapshot_date,
FROM
  secondary.video_axis AS video
