WITH places AS (
  SELECT
    block.url_name,
    MIN(block.index) AS position,
    MIN(block.name) AS name,
    MIN(chapter.name) AS chapter,
  FROM
    transformed.course_axis AS block
  LEFT JOIN transformed.course_axis AS chapter
    ON block.chapter_mid = chapter.module_id
  WHERE
    block.category = 'problem'
  GROUP BY
    block.url_name
)

SELECT
  places.position,
  places.chapter,
  COALESCE(places.name, problem.url_name) AS name,
  problem.nsubmissions AS answered,
  problem.avg_attempts AS attempts,
  problem.avg_grade AS points,
  ROUND(SAFE_DIVIDE(problem.avg_grade, problem.max_max_grade), 6) AS share,
  problem.max_max_grade AS max_points,
FROM
  secondary.stats_for_problems AS problem
LEFT JOIN places
  ON problem.url_name = places.url_name
ORDER BY
  places.position,
  problem.url_name
