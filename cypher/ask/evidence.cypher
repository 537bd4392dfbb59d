// What did this model reach on the datasets most like the target?
// params: model, dataset, limit
MATCH (d:Dataset {id: $dataset})-[s:SIMILAR_TO]-(other:Dataset)
MATCH (m:Model {id: $model})-[r:FINE_TUNED_ON]->(other)
RETURN other.id AS dataset, s.value AS similarity, s.probe AS probe, r.method AS method,
       avg(r.value) AS value, r.metric AS metric, count(*) AS records
ORDER BY similarity DESC, dataset, method
LIMIT $limit
