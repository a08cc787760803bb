SELECT
  overall.registered_sum AS registered,
  overall.certified_sum AS certified,
  overall.nevents_sum AS events,
  overall.ndays_act_sum AS active_days,
  overall.nplay_video_sum AS videos,
  overall.nshow_answer_sum AS answers_shown,
  overall.avg_of_sum_dt AS mean_time,
  overall.certified_sum_dt AS mean_time_certified,
FROM
  secondary.stats_overall AS overall
