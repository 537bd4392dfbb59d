// Which results does the zoo hold for a dataset, best first, metric by metric?
// params: dataset, method, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset {id: $dataset})<-[r:FINE_TUNED_ON]-(m:Model)
WHERE r.method = $method AND NOT coalesce(r.run, '') IN hidden
RETURN m.id AS model, avg(r.value) AS value, r.metric AS metric, count(*) AS records,
       stdev(r.value) AS spread
ORDER BY metric, CASE metric WHEN 'mse' THEN value ELSE -value END, model
LIMIT $limit
