// Which models could be fine-tuned?
// params: modality
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (m:Model)
WHERE ($modality IS NULL OR m.modality = $modality) AND NOT coalesce(m.run, '') IN hidden
RETURN m.id AS id, m.modality AS modality, m.parameters AS parameters, m.source AS source,
       m.revision AS revision
ORDER BY id
