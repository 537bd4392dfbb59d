// Which datasets could be fine-tuned on?
// params: modality
MATCH (d:Dataset)
WHERE ($modality IS NULL OR d.modality = $modality) AND d.quarantined IS NULL
RETURN d.id AS id, d.modality AS modality, d.samples AS samples, d.classes AS classes,
       d.source AS source
ORDER BY id
