// What were a modality's models pre-trained on?
// params: modality, hidden
MATCH (m:Model)-[r:PRETRAINED_ON]->(d:Dataset)
WHERE (d.modality = $modality OR d.modality IS NULL) AND NOT coalesce(r.run, '') IN $hidden
RETURN collect([m.id, d.id, r.accuracy]) AS records
