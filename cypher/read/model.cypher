// What is known of one model?
// params: id
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (m:Model {id: $id})
WHERE NOT coalesce(m.run, '') IN hidden
RETURN m.id AS id, m.name AS name, m.family AS family, m.architecture AS architecture,
       m.modality AS modality, m.task AS task, m.parameters AS parameters,
       m.memory_bytes AS memory_bytes, m.input_size AS input_size, m.license AS license,
       m.revision AS revision, m.source AS source
