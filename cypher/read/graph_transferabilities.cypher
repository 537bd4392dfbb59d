// Which transferability scores does a modality hold, grouped so that few values travel?
// params: modality, hidden
MATCH (d:Dataset)
WHERE d.modality = $modality OR d.modality IS NULL
MATCH (d)<-[r:TRANSFERABILITY]-(m:Model)
WHERE NOT coalesce(r.run, '') IN $hidden
WITH d.id AS dataset, r.method AS method, m.id AS model, r.score AS score
RETURN dataset, method, collect(model) AS models, collect(score) AS scores
