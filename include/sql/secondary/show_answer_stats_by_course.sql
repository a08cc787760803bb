-- A row for each person and kind of problem, then one for each group of people that the person is in.
WITH shares AS (
  SELECT
    person.user_id,
    person.explored,
    person.certified,
    person.verified,
    'problem_seen' AS state,
    person.pct_show_answer_problem_seen AS pct,
  FROM
    secondary.show_answer_stats_by_user AS person
  UNION ALL
  SELECT
    person.user_id,
    person.explored,
    person.certified,
    person.verified,
    'not_attempted' AS state,
    person.pct_show_answer_not_attempted AS pct,
  FROM
    secondary.show_answer_stats_by_user AS person
  UNION ALL
  SELECT
    person.user_id,
    person.explored,
    person.certified,
    person.verified,
    'attempted' AS state,
    person.pct_show_answer_attempted AS pct,
  FROM
    secondary.show_answer_stats_by_user AS person
  UNION ALL
  SELECT
    person.user_id,
    person.explored,
    person.certified,
    person.verified,
    'perfect' AS state,
    person.pct_show_answer_perfect AS pct,
  FROM
    secondary.show_answer_stats_by_user AS person
  UNION ALL
  SELECT
    person.user_id,
    person.explored,
    person.certified,
    person.verified,
    'partial' AS state,
    person.pct_show_answer_partial AS pct,
  FROM
    secondary.show_answer_stats_by_user AS person
),

grouped AS (
  SELECT
    shares.user_id,
    'all' AS people,
    shares.state,
    shares.pct,
  FROM
    shares
  WHERE
    shares.pct IS NOT NULL
  UNION ALL
  SELECT
    shares.user_id,
    'certified' AS people,
    shares.state,
    shares.pct,
  FROM
    shares
  WHERE
    shares.certified
    AND shares.pct IS NOT NULL
  UNION ALL
  SELECT
    shares.user_id,
    'explored' AS people,
    shares.state,
    shares.pct,
  FROM
    shares
  WHERE
    shares.explored
    AND shares.pct IS NOT NULL
  UNION ALL
  SELECT
    shares.user_id,
    'verified' AS people,
    shares.state,
    shares.pct,
  FROM
    shares
  WHERE
    shares.verified
    AND shares.pct IS NOT NULL
),

-- Of an even number of people the median is the lower of the two in the middle.
ranked AS (
  SELECT
    grouped.people,
    grouped.state,
    grouped.pct,
    ROW_NUMBER() OVER (PARTITION BY grouped.people, grouped.state ORDER BY grouped.pct, grouped.user_id) AS place,
    COUNT(*) OVER (PARTITION BY grouped.people, grouped.state) AS n,
  FROM
    grouped
),

measured AS (
  SELECT
    ranked.people,
    ranked.state,
    ROUND(AVG(ranked.pct), 6) AS average,
    MAX(CASE WHEN 2 * ranked.place IN (ranked.n, ranked.n + 1) THEN ranked.pct END) AS median,
  FROM
    ranked
  GROUP BY
    ranked.people,
    ranked.state
)

SELECT
  @course_id AS course_id,
  MAX(
    CASE WHEN measured.people = 'all' AND measured.state = 'problem_seen' THEN measured.average END
  ) AS avg_pct_show_answer_problem_seen,
  MAX(
    CASE WHEN measured.people = 'all' AND measured.state = 'not_attempted' THEN measured.average END
  ) AS avg_pct_show_answer_not_attempted,
  MAX(
    CASE WHEN measured.people = 'all' AND measured.state = 'attempted' THEN measured.average END
  ) AS avg_pct_show_answer_attempted,
  MAX(
    CASE WHEN measured.people = 'all' AND measured.state = 'perfect' THEN measured.average END
  ) AS avg_pct_show_answer_perfect,
  MAX(
    CASE WHEN measured.people = 'all' AND measured.state = 'partial' THEN measured.average END
  ) AS avg_pct_show_answer_partial,
  MAX(
    CASE WHEN measured.people = 'certified' AND measured.state = 'problem_seen' THEN measured.average END
  ) AS avg_pct_show_answer_problem_seen_certified,
  MAX(
    CASE WHEN measured.people = 'certified' AND measured.state = 'not_attempted' THEN measured.average END
  ) AS avg_pct_show_answer_not_attempted_certified,
  MAX(
    CASE WHEN measured.people = 'certified' AND measured.state = 'attempted' THEN measured.average END
  ) AS avg_pct_show_answer_attempted_certified,
  MAX(
    CASE WHEN measured.people = 'certified' AND measured.state = 'perfect' THEN measured.average END
  ) AS avg_pct_show_answer_perfect_certified,
  MAX(
    CASE WHEN measured.people = 'certified' AND measured.state = 'partial' THEN measured.average END
  ) AS avg_pct_show_answer_partial_certified,
  MAX(
    CASE WHEN measured.people = 'explored' AND measured.state = 'problem_seen' THEN measured.average END
  ) AS avg_pct_show_answer_problem_seen_explored,
  MAX(
    CASE WHEN measured.people = 'explored' AND measured.state = 'not_attempted' THEN measured.average END
  ) AS avg_pct_show_answer_not_attempted_explored,
  MAX(
    CASE WHEN measured.people = 'explored' AND measured.state = 'attempted' THEN measured.average END
  ) AS avg_pct_show_answer_attempted_explored,
  MAX(
    CASE WHEN measured.people = 'explored' AND measured.state = 'perfect' THEN measured.average END
  ) AS avg_pct_show_answer_perfect_explored,
  MAX(
    CASE WHEN measured.people = 'explored' AND measured.state = 'partial' THEN measured.average END
  ) AS avg_pct_show_answer_partial_explored,
  MAX(
    CASE WHEN measured.people = 'verified' AND measured.state = 'problem_seen' THEN measured.average END
  ) AS avg_pct_show_answer_problem_seen_verified,
  MAX(
    CASE WHEN measured.people = 'verified' AND measured.state = 'not_attempted' THEN measured.average END
  ) AS avg_pct_show_answer_not_attempted_verified,
  MAX(
    CASE WHEN measured.people = 'verified' AND measured.state = 'attempted' THEN measured.average END
  ) AS avg_pct_show_answer_attempted_verified,
  MAX(
    CASE WHEN measured.people = 'verified' AND measured.state = 'perfect' THEN measured.average END
  ) AS avg_pct_show_answer_perfect_verified,
  MAX(
    CASE WHEN measured.people = 'verified' AND measured.state = 'partial' THEN measured.average END
  ) AS avg_pct_show_answer_partial_verified,
  MAX(
    CASE WHEN measured.people = 'all' AND measured.state = 'problem_seen' THEN measured.median END
  ) AS median_pct_show_answer_problem_seen,
  MAX(
    CASE WHEN measured.people = 'all' AND measured.state = 'not_attempted' THEN measured.median END
  ) AS median_pct_show_answer_not_attempted,
  MAX(
    CASE WHEN measured.people = 'all' AND measured.state = 'attempted' THEN measured.median END
  ) AS median_pct_show_answer_attempted,
  MAX(
    CASE WHEN measured.people = 'all' AND measured.state = 'perfect' THEN measured.median END
  ) AS median_pct_show_answer_perfect,
  MAX(
    CASE WHEN measured.people = 'all' AND measured.state = 'partial' THEN measured.median END
  ) AS median_pct_show_answer_partial,
  MAX(
    CASE WHEN measured.people = 'explored' AND measured.state = 'problem_seen' THEN measured.median END
  ) AS median_pct_show_answer_problem_seen_explored,
  MAX(
    CASE WHEN measured.people = 'explored' AND measured.state = 'not_attempted' THEN measured.median END
  ) AS median_pct_show_answer_not_attempted_explored,
  MAX(
    CASE WHEN measured.people = 'explored' AND measured.state = 'attempted' THEN measured.median END
  ) AS median_pct_show_answer_attempted_explored,
  MAX(
    CASE WHEN measured.people = 'explored' AND measured.state = 'perfect' THEN measured.median END
  ) AS median_pct_show_answer_perfect_explored,
  MAX(
    CASE WHEN measured.people = 'explored' AND measured.state = 'partial' THEN measured.median END
  ) AS median_pct_show_answer_partial_explored,
  MAX(
    CASE WHEN measured.people = 'certified' AND measured.state = 'problem_seen' THEN measured.median END
  ) AS median_pct_show_answer_problem_seen_certified,
  MAX(
    CASE WHEN measured.people = 'certified' AND measured.state = 'not_attempted' THEN measured.median END
  ) AS median_pct_show_answer_not_attempted_certified,
  MAX(
    CASE WHEN measured.people = 'certified' AND measured.state = 'attempted' THEN measured.median END
  ) AS median_pct_show_answer_attempted_certified,
  MAX(
    CASE WHEN measured.people = 'certified' AND measured.state = 'perfect' THEN measured.median END
  ) AS median_pct_show_answer_perfect_certified,
  MAX(
    CASE WHEN measured.people = 'certified' AND measured.state = 'partial' THEN measured.median END
  ) AS median_pct_show_answer_partial_certified,
  MAX(
    CASE WHEN measured.people = 'verified' AND measured.state = 'problem_seen' THEN measured.median END
  ) AS median_pct_show_answer_problem_seen_verified,
  MAX(
    CASE WHEN measured.people = 'verified' AND measured.state = 'not_attempted' THEN measured.median END
  ) AS median_pct_show_answer_not_attempted_verified,
  MAX(
    CASE WHEN measured.people = 'verified' AND measured.state = 'attempted' THEN measured.median END
  ) AS median_pct_show_answer_attempted_verified,
  MAX(
    CASE WHEN measured.people = 'verified' AND measured.state = 'perfect' THEN measured.median END
  ) AS median_pct_show_answer_perfect_verified,
  MAX(
    CASE WHEN measured.people = 'verified' AND measured.state = 'partial' THEN measured.median END
  ) AS median_pct_show_answer_partial_verified,
FROM
  measured
