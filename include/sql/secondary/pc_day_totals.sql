SELECT
  @course_id AS course_id,
  day.username,
  MIN(day.first_event) AS first_event,
  MAX(day.last_event) AS last_event,
  COUNT(*) AS ndays_act,
  SUM(day.nevents) AS nevents,
  SUM(day.nprogcheck) AS nprogcheck,
  SUM(day.nshow_answer) AS nshow_answer,
  SUM(day.nshow_answer_server) AS nshow_answer_server,
  SUM(day.nvideo) AS nvideo,
  SUM(day.nproblem_check) AS nproblem_check,
  SUM(day.nproblem_check_server) AS nproblem_check_server,
  SUM(day.nforum) AS nforum,
  SUM(day.ntranscript) AS ntranscript,
  SUM(day.nseq_goto) AS nseq_goto,
  SUM(day.nseek_video) AS nseek_video,
  SUM(day.npause_video) AS npause_video,
  ROUND(AVG(day.avg_dt), 6) AS avg_dt,
  -- Days of one gap have no deviation of their own; they count in the divisor only, as they always did.
  ROUND(SQRT(SUM(day.sdv_dt * day.sdv_dt * day.n_dt) / NULLIF(SUM(day.n_dt), 0)), 6) AS sdv_dt,
  MAX(day.max_dt) AS max_dt,
  SUM(day.n_dt) AS n_dt,
  ROUND(SUM(day.sum_dt), 6) AS sum_dt,
FROM
  secondary.person_course_day AS day
GROUP BY
  day.username
