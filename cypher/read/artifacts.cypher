// Which artefacts do the learners name?
// params:
MATCH (l:Learner)
RETURN DISTINCT l.artifact AS artifact, l.sha256 AS sha256
ORDER BY artifact
