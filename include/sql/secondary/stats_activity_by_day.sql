SELECT
  person_day.course_id,
  person_day.date,
  SUM(person_day.nevents) AS nevents,
  SUM(person_day.nvideo) AS nvideo,
  SUM(person_day.nshow_answer) AS nshow_answer,
  SUM(person_day.nproblem_check) AS nproblem_check,
  SUM(person_day.nforum) AS nforum,
  SUM(person_day.ntranscript) AS ntranscript,
  SUM(person_day.nseq_goto) AS nseq_goto,
  SUM(person_day.nseek_video) AS nseek_video,
  SUM(person_day.nprogcheck) AS nprogcheck,
  SUM(person_day.npause_video) AS npause_video,
  SUM(person_day.nproblem_check_server) AS nproblem_check_server,
  SUM(person_day.nshow_answer_server) AS nshow_answer_server,
  COUNT(*) AS n_active,
  ROUND(SUM(person_day.sum_dt), 6) AS sum_dt,
  SUM(person_day.n_dt) AS n_dt,
  ROUND(AVG(person_day.avg_dt), 6) AS avg_dt,
FROM
  secondary.person_course_day AS person_day
WHERE
  person_day.date IN UNNEST(@event_dates)
GROUP BY
  person_day.course_id,
  person_day.date
