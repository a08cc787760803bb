WITH blocks AS (
  SELECT
    block.module_id,
    block.chapter_mid,
    block.category,
    block.name,
    block.index,
    block.start,
    REGEXP_EXTRACT(block.path, r'^/[^/]+/[^/]+') AS sequential_path,
  FROM
    transformed.course_axis AS block
),

by_chapter AS (
  SELECT
    blocks.chapter_mid,
    COUNTIF(blocks.category = 'sequential') AS sequentials,
    COUNTIF(blocks.category = 'problem') AS problems,
    COUNTIF(blocks.category = 'video') AS videos,
    COUNTIF(blocks.category = 'html') AS texts,
  FROM
    blocks
  WHERE
    blocks.chapter_mid IS NOT NULL
  GROUP BY
    blocks.chapter_mid
),

by_sequential AS (
  SELECT
    blocks.sequential_path,
    COUNTIF(blocks.category = 'problem') AS problems,
    COUNTIF(blocks.category = 'video') AS videos,
    COUNTIF(blocks.category = 'html') AS texts,
  FROM
    blocks
  WHERE
    blocks.sequential_path IS NOT NULL
  GROUP BY
    blocks.sequential_path
),

listed AS (
  SELECT
    chapter.module_id,
    CAST(NULL AS STRING) AS chapter_id,
    chapter.index AS position,
    chapter.name,
    chapter.start,
    content.sequentials,
    content.problems,
    content.videos,
    content.texts,
  FROM
    blocks AS chapter
  LEFT JOIN by_chapter AS content
    ON chapter.module_id = content.chapter_mid
  WHERE
    chapter.category = 'chapter'
  UNION ALL
  SELECT
    sequential.module_id,
    sequential.chapter_mid AS chapter_id,
    sequential.index AS position,
    sequential.name,
    sequential.start,
    CAST(NULL AS INT64) AS sequentials,
    content.problems,
    content.videos,
    content.texts,
  FROM
    blocks AS sequential
  LEFT JOIN by_sequential AS content
    ON sequential.sequential_path = content.sequential_path
  WHERE
    sequential.category = 'sequential'
)

SELECT
  listed.module_id,
  listed.chapter_id,
  listed.position,
  listed.name,
  listed.start,
  COALESCE(opened.ncount, 0) AS views,
  listed.sequentials,
  listed.problems,
  listed.videos,
  listed.texts,
FROM
  listed
LEFT JOIN secondary.stats_module_usage AS opened
  ON listed.module_id = opened.module_id
ORDER BY
  listed.position
