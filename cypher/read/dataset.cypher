// What is known of one dataset?
// params: id
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset {id: $id})
WHERE NOT coalesce(d.run, '') IN hidden
RETURN d.id AS id, d.name AS name, d.modality AS modality, d.task AS task, d.classes AS classes,
       d.samples AS samples, d.source AS source, d.fingerprint AS fingerprint,
       d.quarantined AS quarantined
