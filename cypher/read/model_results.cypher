// What did a model reach, dataset by dataset?
// params: id, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (m:Model {id: $id})-[r:FINE_TUNED_ON]->(d:Dataset)
WHERE NOT coalesce(r.run, '') IN hidden
RETURN d.id AS dataset, r.method AS method, r.metric AS metric, avg(r.value) AS value,
       count(*) AS records
ORDER BY dataset, method, metric
LIMIT $limit
