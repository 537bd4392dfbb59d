// Which datasets does the zoo hold, with everything a bundle keeps?
// params: hidden
MATCH (d:Dataset)
WHERE NOT coalesce(d.run, '') IN $hidden
RETURN d.id AS id, d.name AS name, d.modality AS modality, d.task AS task,
       d.classes AS classes, d.samples AS samples, d.source AS source,
       d.fingerprint AS fingerprint, d.quarantined AS quarantined
ORDER BY id
