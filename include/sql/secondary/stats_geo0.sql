SELECT
  @course_id AS course_id,
  COALESCE(person.cc_by_ip, '') AS cc,
  MAX(person.countryLabel) AS countryLabel,
  COUNT(*) AS nregistered,
  COUNTIF(person.viewed) AS nviewed,
  COUNTIF(person.explored) AS nexplored,
  COUNTIF(person.certified) AS ncertified,
  COUNTIF(person.gender = 'm') AS n_male,
  COUNTIF(person.gender = 'f') AS n_female,
  COUNTIF(person.mode = 'verified') AS n_verified_id,
  COUNTIF(person.mode = 'verified' AND person.certified) AS n_verified_certified,
  COALESCE(SUM(person.ndays_act), 0) AS ndays_act_sum,
  COALESCE(SUM(person.nevents), 0) AS nevents_sum,
  COALESCE(SUM(person.nforum_posts), 0) AS nforum_posts_sum,
  COALESCE(SUM(person.nshow_answer), 0) AS nshow_answer_sum,
  ROUND(AVG(person.avg_dt), 6) AS avg_of_avg_dt,
  ROUND(AVG(person.sum_dt), 6) AS avg_of_sum_dt,
  ROUND(AVG(CASE WHEN person.certified THEN person.avg_dt END), 6) AS certified_avg_dt,
  ROUND(AVG(CASE WHEN person.certified THEN person.sum_dt END), 6) AS certified_sum_dt,
FROM
  secondary.person_course AS person
GROUP BY
  COALESCE(person.cc_by_ip, '')
