SELECT
  person.course_id,
  person.user_id,
  used.resource_event_data AS language,
  used.n_events,
  used.last_time_used_lang,
  person.snapshot_date,
FROM
  secondary.language_multi_transcripts AS used
INNER JOIN secondary.person_course AS person
  ON used.course_id = person.course_id AND used.username = person.username
WHERE
  used.resource = 'video'
