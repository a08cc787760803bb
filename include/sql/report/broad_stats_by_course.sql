WITH students AS (
  SELECT person.*,
  FROM
    secondary.person_course AS person
  LEFT JOIN secondary.roles AS role
    ON person.course_id = role.course_id AND person.user_id = role.user_id
  WHERE
    COALESCE(role.roles, 'Student') = 'Student'
)

SELECT
  student.course_id,
  COUNT(*) AS registered_sum,
  COUNTIF(student.is_active = 1) AS nregistered_active,
  COUNTIF(student.is_active = 0) AS n_unregistered,
  COUNTIF(student.viewed) AS viewed_sum,
  COUNTIF(student.viewed AND student.explored) AS explored_sum,
  COUNTIF(student.viewed AND student.certified) AS certified_sum,
  COUNTIF(student.viewed AND student.certified AND student.explored) AS certified_and_explored_sum,
  COUNTIF(student.viewed AND (student.certified OR student.explored)) AS certified_or_explored_sum,
  COUNTIF(student.gender = 'm') AS n_male,
  COUNTIF(student.gender = 'f') AS n_female,
  COUNTIF(student.viewed AND student.gender = 'm') AS n_male_viewed,
  COUNTIF(student.viewed AND student.gender = 'f') AS n_female_viewed,
  COUNTIF(student.LoE IN ('b', 'm', 'p', 'p_oth', 'p_se')) AS n_bachplus_in_reg,
  COUNTIF(student.viewed AND student.LoE IN ('b', 'm', 'p', 'p_oth', 'p_se')) AS n_bachplus_in_viewed,
  COUNTIF(student.LoE IN ('a', 'el', 'hs', 'jhs', 'none')) AS n_not_bachplus_in_reg,
  COUNTIF(student.viewed AND student.LoE IN ('a', 'el', 'hs', 'jhs', 'none')) AS n_not_bachplus_in_viewed,
  COUNTIF(student.grade > 0) AS n_reg_nonzero_grade,
  COUNTIF(student.viewed AND student.grade > 0) AS n_viewed_nonzero_grade,
  COUNTIF(student.viewed AND student.explored AND student.grade > 0) AS n_explored_nonzero_grade,
  COUNTIF(student.mode = 'verified') AS n_verified_id,
  COUNTIF(student.mode = 'verified' AND student.viewed) AS verified_viewed,
  COUNTIF(student.mode = 'verified' AND student.explored) AS verified_explored,
  COUNTIF(student.mode = 'verified' AND student.certified) AS verified_certified,
  ROUND(AVG(CASE WHEN student.mode = 'verified' THEN student.grade END), 6) AS verified_avg_grade,
  COUNTIF(student.mode = 'verified' AND student.gender = 'm') AS verified_n_male,
  COUNTIF(student.mode = 'verified' AND student.gender = 'f') AS verified_n_female,
  SUM(student.nplay_video) AS nplay_video_sum,
  ROUND(AVG(student.nchapters), 6) AS nchapters_avg,
  SUM(student.ndays_act) AS ndays_act_sum,
  SUM(student.nevents) AS nevents_sum,
  SUM(student.nforum_posts) AS nforum_posts_sum,
  MIN(CASE WHEN student.certified THEN student.grade END) AS min_gade_certified,
  MIN(student.start_time) AS min_start_time,
  MAX(student.last_event) AS max_last_event,
  MAX(student.nchapters) AS max_nchapters,
  SUM(student.nforum_votes) AS nforum_votes_sum,
  SUM(student.nforum_endorsed) AS nforum_endorsed_sum,
  SUM(student.nforum_threads) AS nforum_threads_sum,
  SUM(student.nforum_comments) AS nforum_commments_sum,
  SUM(student.nforum_pinned) AS nforum_pinned_sum,
  ROUND(AVG(CASE WHEN student.viewed THEN student.nprogcheck END), 6) AS nprogcheck_avg,
  ROUND(AVG(CASE WHEN student.certified THEN student.nprogcheck END), 6) AS certified_nprogcheck,
  ROUND(AVG(CASE WHEN student.mode = 'verified' THEN student.nprogcheck END), 6) AS verified_nprogcheck,
  SUM(student.nshow_answer) AS nshow_answer_sum,
  SUM(student.nseq_goto) AS nseq_goto_sum,
  SUM(student.npause_video) AS npause_video_sum,
  ROUND(AVG(student.avg_dt), 6) AS avg_of_avg_dt,
  ROUND(AVG(student.sum_dt), 6) AS avg_of_sum_dt,
  ROUND(AVG(CASE WHEN student.certified THEN student.avg_dt END), 6) AS certified_avg_dt,
  ROUND(AVG(CASE WHEN student.certified THEN student.sum_dt END), 6) AS certified_sum_dt,
  COUNTIF(student.ip IS NOT NULL) AS n_have_ip,
  COUNTIF(student.ip IS NOT NULL AND student.cc_by_ip IS NULL) AS n_missing_cc,
  COUNTIF(student.viewed AND student.cc_by_ip = 'US') AS n_usa_and_viewed,
  student.snapshot_date,
FROM
  students AS student
GROUP BY
  student.course_id,
  student.snapshot_date
