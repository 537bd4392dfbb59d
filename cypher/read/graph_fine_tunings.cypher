// Which fine-tunings does a modality hold? Grouped: few values travel, a model at a time.
// params: modality, hidden
MATCH (m:Model)
WHERE m.modality = $modality OR m.modality IS NULL
CALL (m) {
  MATCH (m)-[r:FINE_TUNED_ON]->(d:Dataset)
  WHERE NOT coalesce(r.run, '') IN $hidden
  RETURN r.metric AS metric, r.method AS method, collect(d.id) AS datasets,
         collect(r.value) AS values }
RETURN m.id AS model, metric, method, datasets, values
