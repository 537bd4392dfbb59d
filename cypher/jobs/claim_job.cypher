// May the owner have this job, whose node it has locked? No row means no.
// params: id, kind, model, dataset, owner, arguments, lease, retry, dead, token, most
MATCH (j:Job {id: $id})
MATCH (m:Model {id: $model})
MATCH (d:Dataset {id: $dataset})
OPTIONAL MATCH (m)-[r:FINE_TUNED_ON {id: $id}]->(d)
WITH j, m, d, count(r) AS results
WHERE results = 0
  AND (j.status IS NULL OR j.status IN ['stopped', 'done']
       OR (j.status = 'failed' AND ($retry OR (j.cause = 'process' AND j.attempts < $most)))
       OR (j.status = 'running' AND (j.lease_until < datetime() OR j.owner IN $dead))
       OR j.claim = $token)
SET j.kind = $kind, j.status = 'running', j.owner = $owner, j.arguments = $arguments,
    j.claimed = datetime(), j.lease_until = datetime() + duration({seconds: $lease}),
    j.attempts = coalesce(j.attempts, 0) + CASE WHEN j.claim = $token THEN 0 ELSE 1 END,
    j.claim = $token, j.error = NULL, j.cause = NULL, j.seconds = NULL,
    j.device = NULL, j.peak_memory_bytes = NULL
MERGE (j)-[:OF]->(m)
MERGE (j)-[:ON]->(d)
RETURN j.attempts AS attempts
