// Which datasets could be fine-tuned on?
// params: modality
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset)
WHERE ($modality IS NULL OR d.modality = $modality) AND d.quarantined IS NULL
  AND NOT coalesce(d.run, '') IN hidden
RETURN d.id AS id, d.modality AS modality, d.samples AS samples, d.classes AS classes,
       d.source AS source, d.fingerprint AS fingerprint
ORDER BY id
