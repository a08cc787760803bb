SELECT
  transcript.username,
  transcript.course_id,
  transcript.resource,
  transcript.resource_event_data AS language,
  transcript.transcript_download AS language_download,
  transcript.n_events AS language_nevents,
  transcript.n_diff_lang AS language_ndiff,
FROM
  secondary.language_multi_transcripts AS transcript
WHERE
  transcript.rank_num = 1
