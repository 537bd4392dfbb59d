// What did this model reach on other datasets, those most like the target first?
// params: model, dataset, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset {id: $dataset})
MATCH (m:Model {id: $model})-[r:FINE_TUNED_ON]->(other:Dataset)
WHERE NOT coalesce(r.run, '') IN hidden AND other.id <> $dataset
OPTIONAL MATCH (d)-[s:SIMILAR_TO]-(other)
WHERE NOT coalesce(s.run, '') IN hidden
RETURN other.id AS dataset, s.value AS similarity, s.measure AS measure, s.probe AS probe,
       r.method AS method, avg(r.value) AS value, r.metric AS metric, count(*) AS records
ORDER BY similarity IS NULL, similarity DESC, dataset, method
LIMIT $limit
