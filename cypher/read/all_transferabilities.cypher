// Which transferability scores are stored?
// params: hidden
MATCH (m:Model)-[r:TRANSFERABILITY]->(d:Dataset)
WHERE NOT coalesce(r.run, '') IN $hidden
RETURN m.id AS model, d.id AS dataset, r.method AS method, r.score AS score,
       r.seconds AS seconds
ORDER BY model, dataset, method
