-- @until is the end of a window, whose export may be of a later day: whoever opened a block since then does not count.
WITH openings AS (
  SELECT
    module.module_id,
    COUNT(DISTINCT module.student_id) AS people,
  FROM
    transformed.studentmodule AS module
  WHERE
    COALESCE(module.created < TIMESTAMP(@until), TRUE)
  GROUP BY
    module.module_id
),

blocks AS (
  SELECT
    axis.category,
    axis.data.itype,
    axis.graded,
    openings.people,
  FROM
    transformed.course_axis AS axis
  LEFT JOIN openings
    ON axis.module_id = openings.module_id
),

facts AS (
  SELECT
    CONCAT('count_', blocks.category) AS key,
    COUNT(*) AS value,
  FROM
    blocks
  GROUP BY
    blocks.category
  UNION ALL
  SELECT
    CONCAT('count_', blocks.itype) AS key,
    COUNT(*) AS value,
  FROM
    blocks
  WHERE
    blocks.itype IS NOT NULL
  GROUP BY
    blocks.itype
  UNION ALL
  SELECT
    CONCAT('count_graded_', blocks.category) AS key,
    COUNTIF(LOWER(blocks.graded) = 'true') AS value,
  FROM
    blocks
  GROUP BY
    blocks.category
  UNION ALL
  SELECT
    CONCAT('nexcluded_sub_20_', blocks.category) AS key,
    COUNTIF(COALESCE(blocks.people, 0) < 20) AS value,
  FROM
    blocks
  GROUP BY
    blocks.category
  HAVING
    -- Of kinds without any state, as html, nobody knows who opened them.
    MAX(blocks.people) IS NOT NULL
)

SELECT
  @course_id AS course_id,
  facts.key,
  CAST(facts.value AS STRING) AS value,
FROM
  facts
