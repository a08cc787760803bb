WITH people AS (
  SELECT
    person.*,
    COALESCE(person.mode = 'verified', FALSE) AS is_verified,
  FROM
    secondary.person_course AS person
)

SELECT
  @course_id AS course_id,
  COUNT(*) AS registered_sum,
  COUNTIF(people.is_active = 1) AS nregistered_active,
  COUNTIF(people.is_active = 0) AS n_unregistered,
  COUNTIF(people.viewed) AS viewed_sum,
  COUNTIF(people.explored) AS explored_sum,
  COUNTIF(people.certified) AS certified_sum,
  COUNTIF(people.gender = 'm') AS n_male,
  COUNTIF(people.gender = 'f') AS n_female,
  COUNTIF(people.is_verified) AS n_verified_id,
  COUNTIF(people.is_verified AND people.viewed) AS verified_viewed,
  COUNTIF(people.is_verified AND people.explored) AS verified_explored,
  COUNTIF(people.is_verified AND people.certified) AS verified_certified,
  ROUND(AVG(CASE WHEN people.is_verified THEN people.grade END), 6) AS verified_avg_grade,
  COUNTIF(people.is_verified AND people.gender = 'm') AS verified_n_male,
  COUNTIF(people.is_verified AND people.gender = 'f') AS verified_n_female,
  COALESCE(SUM(people.nplay_video), 0) AS nplay_video_sum,
  AVG(people.nchapters) AS nchapters_avg,
  COALESCE(SUM(people.ndays_act), 0) AS ndays_act_sum,
  COALESCE(SUM(people.nevents), 0) AS nevents_sum,
  MIN(CASE WHEN people.certified THEN people.grade END) AS min_gade_certified,
  MIN(people.start_time) AS min_start_time,
  MAX(people.last_event) AS max_last_event,
  MAX(people.nchapters) AS max_nchapters,
  AVG(people.nprogcheck) AS nprogcheck_avg,
  AVG(CASE WHEN people.certified THEN people.nprogcheck END) AS certified_nprogcheck,
  AVG(CASE WHEN people.is_verified THEN people.nprogcheck END) AS verified_nprogcheck,
  COALESCE(SUM(people.nshow_answer), 0) AS nshow_answer_sum,
  COALESCE(SUM(people.nseq_goto), 0) AS nseq_goto_sum,
  COALESCE(SUM(people.npause_video), 0) AS npause_video_sum,
  ROUND(AVG(people.avg_dt), 6) AS avg_of_avg_dt,
  ROUND(AVG(people.sum_dt), 6) AS avg_of_sum_dt,
  ROUND(AVG(CASE WHEN people.certified THEN people.avg_dt END), 6) AS certified_avg_dt,
  ROUND(AVG(CASE WHEN people.certified THEN people.sum_dt END), 6) AS certified_sum_dt,
FROM
  people
