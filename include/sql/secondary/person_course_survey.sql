WITH columns_answered AS (
  SELECT
    given.user_id,
    given.kind,
    given.survey,
    given.response_id,
    given.column_name,
    MIN(given.started) AS started,
    MIN(COALESCE(given.recorded, given.ended, given.started)) AS recorded,
    MIN(given.language) AS language,
    LOGICAL_OR(given.is_complete) AS is_complete,
    LOGICAL_OR(given.is_latest_complete) AS is_latest_complete,
    STRING_AGG(given.answer, ',' ORDER BY given.part) AS answer,
  FROM
    transformed.survey_responses AS given
  WHERE
    given.user_id IS NOT NULL
  GROUP BY
    given.user_id,
    given.kind,
    given.survey,
    given.response_id,
    given.column_name
),

responses AS (
  SELECT
    answered.user_id,
    answered.kind,
    answered.survey,
    answered.response_id,
    MIN(answered.started) AS started,
    MIN(answered.recorded) AS recorded,
    MIN(answered.language) AS language,
    LOGICAL_OR(answered.is_complete) AS is_complete,
    LOGICAL_OR(answered.is_latest_complete) AS is_latest_complete,
    COUNT(answered.answer) AS n_answers,
    STRING_AGG(
      CONCAT(TO_JSON_STRING(answered.column_name), ':', TO_JSON_STRING(answered.answer)), ','
      ORDER BY answered.column_name
    ) AS pairs,
  FROM
    columns_answered AS answered
  GROUP BY
    answered.user_id,
    answered.kind,
    answered.survey,
    answered.response_id
),

-- Of several surveys of a kind the one that was answered last; of two at one instant the later id, as within a survey.
latest AS (
  SELECT
    response.*,
    ROW_NUMBER() OVER (
      PARTITION BY response.user_id, response.kind
      ORDER BY response.recorded DESC, response.response_id DESC
    ) AS place,
  FROM
    responses AS response
  WHERE
    response.is_latest_complete
),

people AS (
  SELECT
    response.user_id,
    response.kind,
    COUNT(DISTINCT response.survey) AS n_surveys,
    COUNT(*) AS n_responses,
    COUNTIF(response.is_complete) AS n_complete,
  FROM
    responses AS response
  GROUP BY
    response.user_id,
    response.kind
)

SELECT
  @course_id AS course_id,
  people.user_id,
  people.kind,
  people.n_surveys,
  people.n_responses,
  people.n_complete,
  latest.survey,
  latest.response_id,
  latest.started,
  latest.recorded,
  latest.language,
  COALESCE(latest.n_answers, 0) AS n_answers,
  CASE WHEN latest.n_answers > 0 THEN CONCAT('{', latest.pairs, '}') END AS answers,
FROM
  people
LEFT JOIN
  latest
  ON
    people.user_id = latest.user_id
    AND people.kind = latest.kind
    AND latest.place = 1
