// What were a modality's models pre-trained on?
// params: modality
MATCH (m:Model)-[r:PRETRAINED_ON]->(d:Dataset)
WHERE d.modality = $modality OR d.modality IS NULL
RETURN collect([m.id, d.id, r.accuracy]) AS records
