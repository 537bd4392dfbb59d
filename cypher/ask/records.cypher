// Which results does the zoo hold for a dataset, best first?
// params: dataset, method, limit
MATCH (d:Dataset {id: $dataset})<-[r:FINE_TUNED_ON]-(m:Model)
WHERE r.method = $method
RETURN m.id AS model, avg(r.value) AS value, r.metric AS metric, count(*) AS records,
       stdev(r.value) AS spread
ORDER BY value DESC, model
LIMIT $limit
