// Which datasets does the zoo hold, with how many results each?
// params: modality, contains, limit
MATCH (d:Dataset)
WHERE ($modality IS NULL OR d.modality = $modality)
  AND ($contains IS NULL OR toLower(d.id) CONTAINS toLower($contains))
WITH d ORDER BY d.id LIMIT $limit
OPTIONAL MATCH (d)<-[r:FINE_TUNED_ON]-(:Model)
RETURN d.id AS id, d.modality AS modality, d.classes AS classes, d.samples AS samples,
       d.quarantined AS quarantined, count(r) AS fine_tunings
ORDER BY id
