-- @until is the end of a window, whose export may be of a later day: problems that were opened since then do not count.
WITH answered AS (
  SELECT
    analysis.module_id,
    box.answer_id AS item_id,
    COUNT(DISTINCT analysis.user_id) AS n_user_responses,
    MAX(analysis.max_grade) AS max_grade,
  FROM
    transformed.problem_analysis AS analysis
  CROSS JOIN UNNEST(analysis.item) AS box
  WHERE
    COALESCE(analysis.created < TIMESTAMP(@until), TRUE)
  GROUP BY
    analysis.module_id,
    box.answer_id
  HAVING
    COUNT(DISTINCT analysis.user_id) > 5
),

-- The two numbers at the end of an id are those of the question and of the box in it: 2_10 comes behind 2_2.
items AS (
  SELECT
    answered.*,
    ROW_NUMBER() OVER (
      PARTITION BY answered.module_id
      ORDER BY
        COALESCE(SAFE_CAST(REGEXP_EXTRACT(answered.item_id, r'_([0-9]+)_[0-9]+$') AS INT64), 0),
        COALESCE(SAFE_CAST(REGEXP_EXTRACT(answered.item_id, r'_([0-9]+)$') AS INT64), 0),
        answered.item_id
    ) AS item_number,
    COUNT(*) OVER (PARTITION BY answered.module_id) AS n_items,
    MAX(answered.max_grade) OVER (PARTITION BY answered.module_id) AS points_possible,
  FROM
    answered
),

chapters AS (
  SELECT
    axis.module_id AS chapter_mid,
    axis.name AS chapter_name,
    ROW_NUMBER() OVER (ORDER BY axis.index) AS chapter_number,
  FROM
    transformed.course_axis AS axis
  WHERE
    axis.category = 'chapter'
),

sections AS (
  SELECT
    axis.chapter_mid,
    axis.url_name,
    axis.name AS section_name,
    ROW_NUMBER() OVER (PARTITION BY axis.chapter_mid ORDER BY axis.index) AS section_number,
  FROM
    transformed.course_axis AS axis
  WHERE
    axis.category = 'sequential'
),

verticals AS (
  SELECT
    axis.url_name,
    MIN(axis.name) AS vertical_name,
  FROM
    transformed.course_axis AS axis
  WHERE
    axis.category NOT IN ('chapter', 'sequential', 'problem')
  GROUP BY
    axis.url_name
),

-- A block may be in the course twice: it is one problem, where it first stands.
problems AS (
  SELECT
    axis.module_id,
    axis.url_name,
    axis.index,
    axis.name,
    axis.path,
    axis.parent,
    axis.gformat AS assignment_type,
    COALESCE(axis.data.weight, 1.0) AS weight,
    axis.start,
    axis.due,
    axis.is_split,
    axis.split_url_name,
    axis.chapter_mid,
    REGEXP_EXTRACT(axis.path, r'^/[^/]+/([^/]+)') AS section_url_name,
  FROM
    transformed.course_axis AS axis
  WHERE
    axis.category = 'problem'
    AND TRIM(axis.gformat) != ''
  QUALIFY ROW_NUMBER() OVER (PARTITION BY axis.module_id ORDER BY axis.index) = 1
),

placed AS (
  SELECT
    problems.*,
    chapters.chapter_name,
    chapters.chapter_number,
    sections.section_name,
    sections.section_number,
    CONCAT(
      problems.assignment_type,
      '_ch',
      CAST(chapters.chapter_number AS STRING),
      '_sec',
      CAST(sections.section_number AS STRING)
    ) AS assignment_id,
  FROM
    problems
  INNER JOIN chapters
    ON problems.chapter_mid = chapters.chapter_mid
  INNER JOIN sections
    ON
      problems.chapter_mid = sections.chapter_mid
      AND problems.section_url_name = sections.url_name
  QUALIFY
    ROW_NUMBER() OVER (
      PARTITION BY problems.module_id ORDER BY chapters.chapter_number, sections.section_number
    ) = 1
),

numbered AS (
  SELECT
    placed.*,
    ROW_NUMBER() OVER (PARTITION BY placed.assignment_id ORDER BY placed.index) AS problem_number,
  FROM
    placed
),

assignments AS (
  SELECT
    numbered.assignment_id,
    numbered.assignment_type,
    COUNT(*) AS n_problems_in_assignment,
    ROUND(SUM(numbered.weight), 6) AS weight,
    ROW_NUMBER() OVER (PARTITION BY numbered.assignment_type ORDER BY MIN(numbered.index)) AS assignment_seq_num,
    COUNT(*) OVER (PARTITION BY numbered.assignment_type) AS n_assignments_of_type,
  FROM
    numbered
  GROUP BY
    numbered.assignment_id,
    numbered.assignment_type
),

-- A type may be in the policy twice: its first entry is taken.
policy AS (
  SELECT grading.*,
  FROM
    transformed.grading_policy AS grading
  QUALIFY ROW_NUMBER() OVER (PARTITION BY grading.assignment_type ORDER BY grading.index) = 1
),

found AS (
  SELECT
    items.*,
    numbered.url_name,
    numbered.index,
    numbered.name,
    numbered.path,
    numbered.weight,
    numbered.start,
    numbered.due,
    numbered.is_split,
    numbered.split_url_name,
    numbered.chapter_name,
    numbered.chapter_number,
    numbered.section_name,
    numbered.section_number,
    verticals.vertical_name,
    assignments.assignment_id,
    assignments.assignment_type,
    assignments.assignment_seq_num,
    assignments.n_problems_in_assignment,
    assignments.n_assignments_of_type,
    numbered.problem_number,
    policy.fraction_of_overall_grade,
    CONCAT(
      COALESCE(NULLIF(TRIM(policy.short_label), ''), assignments.assignment_type),
      '_',
      CAST(assignments.assignment_seq_num AS STRING)
    ) AS assignment_short_id,
    numbered.weight
    * policy.fraction_of_overall_grade
    / items.n_items
    / NULLIF(assignments.weight, 0)
    / assignments.n_assignments_of_type AS item_weight,
  FROM
    items
  INNER JOIN numbered
    ON items.module_id = numbered.module_id
  INNER JOIN assignments
    ON numbered.assignment_id = assignments.assignment_id
  LEFT JOIN verticals
    ON numbered.parent = verticals.url_name
  LEFT JOIN policy
    ON numbered.assignment_type = policy.assignment_type
)

SELECT
  @course_id AS course_id,
  found.item_id,
  found.url_name AS problem_id,
  DENSE_RANK() OVER (ORDER BY found.index) AS problem_nid,
  found.assignment_short_id,
  ROUND(found.item_weight, 12) AS item_weight,
  found.n_user_responses,
  found.chapter_name,
  found.section_name,
  found.vertical_name,
  found.name AS problem_name,
  found.assignment_id,
  found.n_problems_in_assignment,
  found.assignment_type,
  found.fraction_of_overall_grade AS assignment_type_weight,
  found.n_assignments_of_type,
  found.assignment_seq_num,
  found.chapter_number,
  found.index AS content_index,
  found.section_number,
  found.problem_number,
  found.weight AS problem_weight,
  1.0 AS item_points_possible,
  CAST(found.n_items AS FLOAT64) AS problem_points_possible,
  found.points_possible / found.n_items AS emperical_item_points_possible,
  found.points_possible AS emperical_problem_points_possible,
  found.item_number,
  found.n_items,
  found.start AS start_date,
  found.due AS due_date,
  found.is_split,
  found.split_url_name AS split_name,
  found.path AS problem_path,
  CONCAT(found.assignment_short_id, '__', CAST(found.problem_number AS STRING)) AS problem_short_id,
  CONCAT(
    found.assignment_short_id,
    '__',
    CAST(found.problem_number AS STRING),
    '_',
    CAST(found.item_number AS STRING)
  ) AS item_short_id,
  ROW_NUMBER() OVER (ORDER BY found.index, found.item_number) AS item_nid,
  ROUND(SUM(found.item_weight) OVER (ORDER BY found.index, found.item_number), 6) AS cumulative_item_weight,
FROM
  found
