// How similar are a modality's datasets, grouped so that few values travel?
// params: modality, hidden
MATCH (a:Dataset)
WHERE a.modality = $modality OR a.modality IS NULL
MATCH (a)-[r:SIMILAR_TO]->(b:Dataset)
WHERE NOT coalesce(r.run, '') IN $hidden
WITH a.id AS dataset, r.measure AS measure, r.probe AS probe, b.id AS other, r.value AS value
RETURN dataset, measure, probe, collect(other) AS others, collect(value) AS values
