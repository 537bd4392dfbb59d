// Which datasets does the zoo hold, with how many results each?
// params: modality, contains, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset)
WHERE NOT coalesce(d.run, '') IN hidden
  AND ($modality IS NULL OR d.modality = $modality)
  AND ($contains IS NULL OR toLower(d.id) CONTAINS toLower($contains))
WITH hidden, d ORDER BY d.id LIMIT $limit
OPTIONAL MATCH (d)<-[r:FINE_TUNED_ON]-(:Model)
WHERE NOT coalesce(r.run, '') IN hidden
RETURN d.id AS id, d.modality AS modality, d.classes AS classes, d.samples AS samples,
       d.quarantined AS quarantined, count(r) AS fine_tunings
ORDER BY id
