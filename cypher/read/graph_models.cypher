// Which models belong to a modality? One without a modality does unless its records say otherwise.
// params: modality, hidden
MATCH (m:Model)
WHERE NOT coalesce(m.run, '') IN $hidden
  AND (m.modality = $modality
   OR m.modality IS NULL AND NOT EXISTS {
     MATCH (m)-[:FINE_TUNED_ON]->(d:Dataset) WHERE d.modality <> $modality })
RETURN collect([m.id, m.family, m.architecture, m.task, m.license, m.source, m.parameters,
                m.memory_bytes, m.input_size, m.pretrained_accuracy]) AS records
