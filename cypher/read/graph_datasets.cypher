// Which datasets belong to a modality? One without a modality does unless its records say otherwise.
// params: modality, hidden
MATCH (d:Dataset)
WHERE NOT coalesce(d.run, '') IN $hidden
  AND (d.modality = $modality
   OR d.modality IS NULL AND NOT EXISTS {
     MATCH (m:Model)-[:FINE_TUNED_ON]->(d) WHERE m.modality <> $modality })
RETURN collect([d.id, d.task, d.source, d.classes, d.samples, d.quarantined]) AS records
