// Failed jobs, with the model and the dataset they were about
// params:
MATCH (j:Job)
WHERE j.status = 'failed'
WITH j ORDER BY j.attempts DESC, j.id LIMIT 6
OPTIONAL MATCH (j)-[of:OF]->(m:Model)
OPTIONAL MATCH (j)-[on:ON]->(d:Dataset)
RETURN j, of, m, on, d
