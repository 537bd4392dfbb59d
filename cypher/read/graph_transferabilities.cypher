// Which transferability scores does a modality hold, grouped by method?
// params: modality, hidden
MATCH (m:Model)-[r:TRANSFERABILITY]->(d:Dataset)
WHERE (d.modality = $modality OR d.modality IS NULL) AND NOT coalesce(r.run, '') IN $hidden
RETURN r.method AS method, collect([m.id, d.id, r.score]) AS records
