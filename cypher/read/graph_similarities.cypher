// How similar are a modality's datasets? Grouped: few values travel, a dataset at a time.
// params: modality, hidden
MATCH (a:Dataset)
WHERE a.modality = $modality OR a.modality IS NULL
CALL (a) {
  MATCH (a)-[r:SIMILAR_TO]->(b:Dataset)
  WHERE NOT coalesce(r.run, '') IN $hidden
  RETURN r.measure AS measure, r.probe AS probe, collect(b.id) AS others,
         collect(r.value) AS values }
RETURN a.id AS dataset, measure, probe, others, values
