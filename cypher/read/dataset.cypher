// What is known of one dataset?
// params: id
MATCH (d:Dataset {id: $id})
RETURN d.id AS id, d.name AS name, d.modality AS modality, d.task AS task, d.classes AS classes,
       d.samples AS samples, d.source AS source, d.fingerprint AS fingerprint,
       d.quarantined AS quarantined
