WITH facts AS (
  SELECT
    info.course_id,
    info.key,
    SAFE_CAST(info.value AS INT64) AS n,
  FROM
    report.course_metainfo AS info
),

courses AS (
  SELECT
    fact.course_id,
    SUM(CASE WHEN fact.key = 'count_chapter' THEN fact.n ELSE 0 END) AS count_chapter,
    SUM(CASE WHEN fact.key = 'count_sequential' THEN fact.n ELSE 0 END) AS count_sequential,
    SUM(CASE WHEN fact.key = 'count_vertical' THEN fact.n ELSE 0 END) AS count_vertical,
    SUM(CASE WHEN fact.key = 'count_html' THEN fact.n ELSE 0 END) AS count_html,
    SUM(CASE WHEN fact.key = 'count_video' THEN fact.n ELSE 0 END) AS count_video,
    SUM(CASE WHEN fact.key = 'count_discussion' THEN fact.n ELSE 0 END) AS count_discussion,
    SUM(CASE WHEN fact.key = 'count_problem' THEN fact.n ELSE 0 END) AS count_problem,
    SUM(CASE WHEN fact.key = 'count_openassessment' THEN fact.n ELSE 0 END) AS count_openassessment,
    SUM(CASE WHEN fact.key = 'count_split_test' THEN fact.n ELSE 0 END) AS count_split_test,
    SUM(CASE WHEN fact.key = 'count_multiplechoiceresponse' THEN fact.n ELSE 0 END) AS count_multiplechoiceresponse,
    SUM(CASE WHEN fact.key = 'count_choiceresponse' THEN fact.n ELSE 0 END) AS count_choiceresponse,
    SUM(CASE WHEN fact.key = 'count_optionresponse' THEN fact.n ELSE 0 END) AS count_optionresponse,
    SUM(CASE WHEN fact.key = 'count_numericalresponse' THEN fact.n ELSE 0 END) AS count_numericalresponse,
    SUM(CASE WHEN fact.key = 'count_formularesponse' THEN fact.n ELSE 0 END) AS count_formularesponse,
    SUM(CASE WHEN fact.key = 'count_stringresponse' THEN fact.n ELSE 0 END) AS count_stringresponse,
    SUM(CASE WHEN fact.key = 'count_customresponse' THEN fact.n ELSE 0 END) AS count_customresponse,
    SUM(CASE WHEN fact.key = 'count_mixed' THEN fact.n ELSE 0 END) AS count_mixed,
    SUM(CASE WHEN fact.key = 'count_graded_problem' THEN fact.n ELSE 0 END) AS count_graded_problem,
  FROM
    facts AS fact
  GROUP BY
    fact.course_id
)

SELECT
  courses.course_id,
  listing.institution AS listings_institution,
  listing.semester AS listings_semester,
  listing.new_or_rerun AS listings_new_or_rerun,
  listing.course_number AS listings_course_number,
  listing.short_title AS listings_short_title,
  listing.title AS listings_title,
  listing.instructors AS listings_instructors,
  listing.registration_open AS listings_registration_open,
  listing.course_launch AS listings_course_launch,
  listing.course_wrap AS listings_course_wrap,
  courses.count_chapter,
  courses.count_sequential,
  courses.count_vertical,
  courses.count_html,
  courses.count_video,
  courses.count_discussion,
  courses.count_problem,
  courses.count_openassessment,
  courses.count_split_test,
  courses.count_multiplechoiceresponse,
  courses.count_choiceresponse,
  courses.count_optionresponse,
  courses.count_numericalresponse,
  courses.count_formularesponse,
  courses.count_stringresponse,
  courses.count_customresponse,
  courses.count_mixed,
  courses.count_graded_problem,
FROM
  courses
LEFT JOIN reference.course_listing AS listing
  ON courses.course_id = listing.course_id
