// Which models could be fine-tuned?
// params: modality
MATCH (m:Model)
WHERE $modality IS NULL OR m.modality = $modality
RETURN m.id AS id, m.modality AS modality, m.parameters AS parameters, m.source AS source,
       m.revision AS revision
ORDER BY id
