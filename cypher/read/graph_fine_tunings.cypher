// Which fine-tunings does a modality hold, grouped so that few values travel?
// params: modality, hidden
MATCH (d:Dataset)
WHERE d.modality = $modality OR d.modality IS NULL
MATCH (d)<-[r:FINE_TUNED_ON]-(m:Model)
WHERE NOT coalesce(r.run, '') IN $hidden
WITH d.id AS dataset, r.metric AS metric, r.method AS method, m.id AS model, r.value AS value
RETURN dataset, metric, method, collect(model) AS models, collect(value) AS values
