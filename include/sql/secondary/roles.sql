WITH grants AS (
  SELECT
    team.user_id,
    'team' AS kind,
    TRIM(team.role) AS role,
  FROM
    transformed.rolecourse AS team
  UNION ALL
  SELECT
    forum.user_id,
    'forum' AS kind,
    -- edX writes "Community TA"; other names of roles have no blanks that matter.
    REPLACE(forum.name, ' ', '') AS role,
  FROM
    transformed.roleforum AS forum
)

SELECT
  @course_id AS course_id,
  grants.user_id,
  MAX(CASE WHEN grants.kind = 'team' AND grants.role = 'beta_testers' THEN 1 END) AS roles_isBetaTester,
  MAX(CASE WHEN grants.kind = 'team' AND grants.role = 'instructor' THEN 1 END) AS roles_isInstructor,
  MAX(CASE WHEN grants.kind = 'team' AND grants.role = 'staff' THEN 1 END) AS roles_isStaff,
  MAX(CASE WHEN grants.kind = 'team' AND grants.role = 'ccx_coach' THEN 1 END) AS roles_isCCX,
  MAX(CASE WHEN grants.kind = 'team' AND grants.role = 'finance_admin' THEN 1 END) AS roles_isFinance,
  MAX(CASE WHEN grants.kind = 'team' AND grants.role = 'library_user' THEN 1 END) AS roles_isLibrary,
  MAX(CASE WHEN grants.kind = 'team' AND grants.role = 'sales_admin' THEN 1 END) AS roles_isSales,
  MAX(CASE WHEN grants.kind = 'forum' AND grants.role = 'Administrator' THEN 1 END) AS forumRoles_isAdmin,
  MAX(CASE WHEN grants.kind = 'forum' AND grants.role = 'CommunityTA' THEN 1 END) AS forumRoles_isCommunityTA,
  MAX(CASE WHEN grants.kind = 'forum' AND grants.role = 'Moderator' THEN 1 END) AS forumRoles_isModerator,
  MAX(CASE WHEN grants.kind = 'forum' AND grants.role = 'Student' THEN 1 END) AS forumRoles_isStudent,
  CASE
    WHEN COUNTIF(grants.kind = 'team' AND grants.role != '') > 0 THEN 'Staff'
    WHEN COUNTIF(grants.kind = 'forum' AND grants.role NOT IN ('', 'Student')) > 0 THEN 'Staff'
    WHEN COUNTIF(grants.kind = 'forum' AND grants.role = 'Student') > 0 THEN 'Student'
  END AS roles,
FROM
  grants
GROUP BY
  grants.user_id
