// Which transferability scores of these methods are there?
// params: methods
MATCH (m:Model)-[t:TRANSFERABILITY]->(d:Dataset)
WHERE t.method IN $methods
RETURN m.id AS model, d.id AS dataset, t.method AS method
