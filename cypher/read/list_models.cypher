// Which models does the zoo hold, with how many results each?
// params: modality, contains, limit
MATCH (m:Model)
WHERE ($modality IS NULL OR m.modality = $modality)
  AND ($contains IS NULL OR toLower(m.id) CONTAINS toLower($contains))
WITH m ORDER BY m.id LIMIT $limit
OPTIONAL MATCH (m)-[r:FINE_TUNED_ON]->(:Dataset)
RETURN m.id AS id, m.modality AS modality, m.family AS family, m.parameters AS parameters,
       m.license AS license, count(r) AS fine_tunings
ORDER BY id
