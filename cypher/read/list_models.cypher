// Which models does the zoo hold, with how many results each?
// params: modality, contains, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (m:Model)
WHERE NOT coalesce(m.run, '') IN hidden
  AND ($modality IS NULL OR m.modality = $modality)
  AND ($contains IS NULL OR toLower(m.id) CONTAINS toLower($contains))
WITH hidden, m ORDER BY m.id LIMIT $limit
OPTIONAL MATCH (m)-[r:FINE_TUNED_ON]->(:Dataset)
WHERE NOT coalesce(r.run, '') IN hidden
RETURN m.id AS id, m.modality AS modality, m.family AS family, m.parameters AS parameters,
       m.license AS license, count(r) AS fine_tunings
ORDER BY id
