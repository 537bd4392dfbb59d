// Which transferability scores does a modality hold? Grouped, a model at a time.
// params: modality, hidden
MATCH (m:Model)
WHERE m.modality = $modality OR m.modality IS NULL
CALL (m) {
  MATCH (m)-[r:TRANSFERABILITY]->(d:Dataset)
  WHERE NOT coalesce(r.run, '') IN $hidden
  RETURN r.method AS method, collect(d.id) AS datasets, collect(r.score) AS scores }
RETURN m.id AS model, method, datasets, scores
