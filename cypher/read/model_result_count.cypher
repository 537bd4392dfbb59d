// How many lines has the list of what a model reached, one a dataset, method and metric?
// params: id
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (m:Model {id: $id})-[r:FINE_TUNED_ON]->(d:Dataset)
WHERE NOT coalesce(r.run, '') IN hidden
WITH DISTINCT d, r.method AS method, r.metric AS metric
RETURN count(*) AS total
