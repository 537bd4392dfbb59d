// Which transferability scores does a modality hold, grouped by method?
// params: modality
MATCH (m:Model)-[r:TRANSFERABILITY]->(d:Dataset)
WHERE d.modality = $modality OR d.modality IS NULL
RETURN r.method AS method, collect([m.id, d.id, r.score]) AS records
