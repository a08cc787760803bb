-- What fewer than ten people did on average, or in the middle, may tell what one of them did, and is left out.
WITH people AS (
  SELECT
    person.course_id,
    COUNT(person.pct_show_answer_problem_seen) AS n_problem_seen,
    COUNT(person.pct_show_answer_not_attempted) AS n_not_attempted,
    COUNT(person.pct_show_answer_attempted) AS n_attempted,
    COUNT(person.pct_show_answer_perfect) AS n_perfect,
    COUNT(person.pct_show_answer_partial) AS n_partial,
    COUNT(CASE WHEN person.certified THEN person.pct_show_answer_problem_seen END) AS n_problem_seen_certified,
    COUNT(CASE WHEN person.certified THEN person.pct_show_answer_not_attempted END) AS n_not_attempted_certified,
    COUNT(CASE WHEN person.certified THEN person.pct_show_answer_attempted END) AS n_attempted_certified,
    COUNT(CASE WHEN person.certified THEN person.pct_show_answer_perfect END) AS n_perfect_certified,
    COUNT(CASE WHEN person.certified THEN person.pct_show_answer_partial END) AS n_partial_certified,
    COUNT(CASE WHEN person.explored THEN person.pct_show_answer_problem_seen END) AS n_problem_seen_explored,
    COUNT(CASE WHEN person.explored THEN person.pct_show_answer_not_attempted END) AS n_not_attempted_explored,
    COUNT(CASE WHEN person.explored THEN person.pct_show_answer_attempted END) AS n_attempted_explored,
    COUNT(CASE WHEN person.explored THEN person.pct_show_answer_perfect END) AS n_perfect_explored,
    COUNT(CASE WHEN person.explored THEN person.pct_show_answer_partial END) AS n_partial_explored,
    COUNT(CASE WHEN person.verified THEN person.pct_show_answer_problem_seen END) AS n_problem_seen_verified,
    COUNT(CASE WHEN person.verified THEN person.pct_show_answer_not_attempted END) AS n_not_attempted_verified,
    COUNT(CASE WHEN person.verified THEN person.pct_show_answer_attempted END) AS n_attempted_verified,
    COUNT(CASE WHEN person.verified THEN person.pct_show_answer_perfect END) AS n_perfect_verified,
    COUNT(CASE WHEN person.verified THEN person.pct_show_answer_partial END) AS n_partial_verified,
  FROM
    secondary.show_answer_stats_by_user AS person
  GROUP BY
    person.course_id
)

SELECT
  stats.course_id,
  CASE
    WHEN people.n_problem_seen >= 10 THEN stats.avg_pct_show_answer_problem_seen
  END AS avg_pct_show_answer_problem_seen,
  CASE
    WHEN people.n_not_attempted >= 10 THEN stats.avg_pct_show_answer_not_attempted
  END AS avg_pct_show_answer_not_attempted,
  CASE
    WHEN people.n_attempted >= 10 THEN stats.avg_pct_show_answer_attempted
  END AS avg_pct_show_answer_attempted,
  CASE
    WHEN people.n_perfect >= 10 THEN stats.avg_pct_show_answer_perfect
  END AS avg_pct_show_answer_perfect,
  CASE
    WHEN people.n_partial >= 10 THEN stats.avg_pct_show_answer_partial
  END AS avg_pct_show_answer_partial,
  CASE
    WHEN people.n_problem_seen_certified >= 10 THEN stats.avg_pct_show_answer_problem_seen_certified
  END AS avg_pct_show_answer_problem_seen_certified,
  CASE
    WHEN people.n_not_attempted_certified >= 10 THEN stats.avg_pct_show_answer_not_attempted_certified
  END AS avg_pct_show_answer_not_attempted_certified,
  CASE
    WHEN people.n_attempted_certified >= 10 THEN stats.avg_pct_show_answer_attempted_certified
  END AS avg_pct_show_answer_attempted_certified,
  CASE
    WHEN people.n_perfect_certified >= 10 THEN stats.avg_pct_show_answer_perfect_certified
  END AS avg_pct_show_answer_perfect_certified,
  CASE
    WHEN people.n_partial_certified >= 10 THEN stats.avg_pct_show_answer_partial_certified
  END AS avg_pct_show_answer_partial_certified,
  CASE
    WHEN people.n_problem_seen_explored >= 10 THEN stats.avg_pct_show_answer_problem_seen_explored
  END AS avg_pct_show_answer_problem_seen_explored,
  CASE
    WHEN people.n_not_attempted_explored >= 10 THEN stats.avg_pct_show_answer_not_attempted_explored
  END AS avg_pct_show_answer_not_attempted_explored,
  CASE
    WHEN people.n_attempted_explored >= 10 THEN stats.avg_pct_show_answer_attempted_explored
  END AS avg_pct_show_answer_attempted_explored,
  CASE
    WHEN people.n_perfect_explored >= 10 THEN stats.avg_pct_show_answer_perfect_explored
  END AS avg_pct_show_answer_perfect_explored,
  CASE
    WHEN people.n_partial_explored >= 10 THEN stats.avg_pct_show_answer_partial_explored
  END AS avg_pct_show_answer_partial_explored,
  CASE
    WHEN people.n_problem_seen_verified >= 10 THEN stats.avg_pct_show_answer_problem_seen_verified
  END AS avg_pct_show_answer_problem_seen_verified,
  CASE
    WHEN people.n_not_attempted_verified >= 10 THEN stats.avg_pct_show_answer_not_attempted_verified
  END AS avg_pct_show_answer_not_attempted_verified,
  CASE
    WHEN people.n_attempted_verified >= 10 THEN stats.avg_pct_show_answer_attempted_verified
  END AS avg_pct_show_answer_attempted_verified,
  CASE
    WHEN people.n_perfect_verified >= 10 THEN stats.avg_pct_show_answer_perfect_verified
  END AS avg_pct_show_answer_perfect_verified,
  CASE
    WHEN people.n_partial_verified >= 10 THEN stats.avg_pct_show_answer_partial_verified
  END AS avg_pct_show_answer_partial_verified,
  CASE
    WHEN people.n_problem_seen >= 10 THEN stats.median_pct_show_answer_problem_seen
  END AS median_pct_show_answer_problem_seen,
  CASE
    WHEN people.n_not_attempted >= 10 THEN stats.median_pct_show_answer_not_attempted
  END AS median_pct_show_answer_not_attempted,
  CASE
    WHEN people.n_attempted >= 10 THEN stats.median_pct_show_answer_attempted
  END AS median_pct_show_answer_attempted,
  CASE
    WHEN people.n_perfect >= 10 THEN stats.median_pct_show_answer_perfect
  END AS median_pct_show_answer_perfect,
  CASE
    WHEN people.n_partial >= 10 THEN stats.median_pct_show_answer_partial
  END AS median_pct_show_answer_partial,
  CASE
    WHEN people.n_problem_seen_explored >= 10 THEN stats.median_pct_show_answer_problem_seen_explored
  END AS median_pct_show_answer_problem_seen_explored,
  CASE
    WHEN people.n_not_attempted_explored >= 10 THEN stats.median_pct_show_answer_not_attempted_explored
  END AS median_pct_show_answer_not_attempted_explored,
  CASE
    WHEN people.n_attempted_explored >= 10 THEN stats.median_pct_show_answer_attempted_explored
  END AS median_pct_show_answer_attempted_explored,
  CASE
    WHEN people.n_perfect_explored >= 10 THEN stats.median_pct_show_answer_perfect_explored
  END AS median_pct_show_answer_perfect_explored,
  CASE
    WHEN people.n_partial_explored >= 10 THEN stats.median_pct_show_answer_partial_explored
  END AS median_pct_show_answer_partial_explored,
  CASE
    WHEN people.n_problem_seen_certified >= 10 THEN stats.median_pct_show_answer_problem_seen_certified
  END AS median_pct_show_answer_problem_seen_certified,
  CASE
    WHEN people.n_not_attempted_certified >= 10 THEN stats.median_pct_show_answer_not_attempted_certified
  END AS median_pct_show_answer_not_attempted_certified,
  CASE
    WHEN people.n_attempted_certified >= 10 THEN stats.median_pct_show_answer_attempted_certified
  END AS median_pct_show_answer_attempted_certified,
  CASE
    WHEN people.n_perfect_certified >= 10 THEN stats.median_pct_show_answer_perfect_certified
  END AS median_pct_show_answer_perfect_certified,
  CASE
    WHEN people.n_partial_certified >= 10 THEN stats.median_pct_show_answer_partial_certified
  END AS median_pct_show_answer_partial_certified,
  CASE
    WHEN people.n_problem_seen_verified >= 10 THEN stats.median_pct_show_answer_problem_seen_verified
  END AS median_pct_show_answer_problem_seen_verified,
  CASE
    WHEN people.n_not_attempted_verified >= 10 THEN stats.median_pct_show_answer_not_attempted_verified
  END AS median_pct_show_answer_not_attempted_verified,
  CASE
    WHEN people.n_attempted_verified >= 10 THEN stats.median_pct_show_answer_attempted_verified
  END AS median_pct_show_answer_attempted_verified,
  CASE
    WHEN people.n_perfect_verified >= 10 THEN stats.median_pct_show_answer_perfect_verified
  END AS median_pct_show_answer_perfect_verified,
  CASE
    WHEN people.n_partial_verified >= 10 THEN stats.median_pct_show_answer_partial_verified
  END AS median_pct_show_answer_partial_verified,
  stats.snapshot_date,
FROM
  secondary.show_answer_stats_by_course AS stats
INNER JOIN people
  ON stats.course_id = people.course_id
