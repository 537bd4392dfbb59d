// What did a model reach, dataset by dataset?
// params: id, limit
MATCH (m:Model {id: $id})-[r:FINE_TUNED_ON]->(d:Dataset)
RETURN d.id AS dataset, r.method AS method, r.metric AS metric, avg(r.value) AS value,
       count(*) AS records
ORDER BY dataset, method
LIMIT $limit
