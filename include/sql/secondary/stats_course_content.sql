-- A quantitative answer is computed or written as a formula, a qualitative one is chosen or told in words.
WITH content AS (
  SELECT
    SUM(
      CASE
        WHEN axis.data.itype IN ('formularesponse', 'numericalresponse', 'customresponse')
          THEN COALESCE(axis.data.num_items, 1)
      END
    ) AS nquant,
    SUM(
      CASE
        WHEN axis.data.itype IN ('optionresponse', 'multiplechoiceresponse', 'choiceresponse', 'stringresponse')
          THEN COALESCE(axis.data.num_items, 1)
        WHEN axis.category IN ('openassessment', 'combinedopenended', 'word_cloud', 'textannotation', 'lti')
          THEN 1
      END
    ) AS nqual,
    SUM(
      CASE
        WHEN axis.category = 'problem' AND axis.data.itype IN ('mixed', 'fieldset')
          THEN COALESCE(axis.data.num_items, 1)
      END
    ) AS nothers,
  FROM
    transformed.course_axis AS axis
),

listed AS (
  SELECT DATE_DIFF(MAX(listing.course_wrap), MAX(listing.course_launch), DAY) / 7 AS nweeks,
  FROM
    reference.course_listing AS listing
  WHERE
    listing.course_id = @course_id
    AND listing.course_launch < listing.course_wrap
)

SELECT
  @course_id AS course_id,
  ROUND(COALESCE(content.nquant, 0) / listed.nweeks, 6) AS nquant_per_week,
  ROUND(
    (COALESCE(content.nquant, 0) + COALESCE(content.nqual, 0) + COALESCE(content.nothers, 0)) / listed.nweeks, 6
  ) AS total_assessments_per_week,
  ROUND(COALESCE(content.nqual, 0) / listed.nweeks, 6) AS nqual_per_week,
  ROUND(listed.nweeks, 6) AS nweeks,
FROM
  content
CROSS JOIN listed
