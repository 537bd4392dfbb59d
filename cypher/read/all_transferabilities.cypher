// Which transferability scores are stored?
// params:
MATCH (m:Model)-[r:TRANSFERABILITY]->(d:Dataset)
RETURN m.id AS model, d.id AS dataset, r.method AS method, r.score AS score,
       r.seconds AS seconds
ORDER BY model, dataset, method
