// Which jobs were claimed, newest first?
// params: limit
MATCH (j:Job)
WITH j ORDER BY j.claimed DESC LIMIT $limit
OPTIONAL MATCH (j)-[:OF]->(m:Model)
OPTIONAL MATCH (j)-[:ON]->(d:Dataset)
RETURN j.id AS id, j.kind AS kind, j.status AS status, m.id AS model, d.id AS dataset,
       j.attempts AS attempts, j.seconds AS seconds, j.error AS error
ORDER BY j.claimed DESC
