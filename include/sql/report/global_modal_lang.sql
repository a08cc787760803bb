WITH languages AS (
  SELECT
    used.user_id,
    used.language,
    SUM(used.n_events) AS langcount,
    MAX(used.last_time_used_lang) AS last_time,
  FROM
    report.person_languages AS used
  GROUP BY
    used.user_id,
    used.language
),

ranked AS (
  SELECT
    languages.*,
    COUNT(*) OVER (PARTITION BY languages.user_id) AS n_different_lang,
    ROW_NUMBER() OVER (
      PARTITION BY languages.user_id
      ORDER BY languages.langcount DESC, languages.last_time DESC, languages.language ASC
    ) AS place,
  FROM
    languages
)

SELECT
  ranked.user_id,
  ranked.language AS modal_language,
  ranked.langcount,
  ranked.n_different_lang,
FROM
  ranked
WHERE
  ranked.place = 1
