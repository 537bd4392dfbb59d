// What is known of one job?
// params: id
MATCH (j:Job {id: $id})
OPTIONAL MATCH (j)-[:OF]->(m:Model)
OPTIONAL MATCH (j)-[:ON]->(d:Dataset)
RETURN j.id AS id, j.kind AS kind, j.status AS status, m.id AS model, d.id AS dataset,
       j.owner AS owner, j.lease_until AS lease_until, j.attempts AS attempts,
       j.seconds AS seconds, j.device AS device, j.peak_memory_bytes AS peak_memory_bytes,
       j.arguments AS arguments, j.error AS error
