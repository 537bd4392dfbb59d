// Which models were best on a dataset, metric by metric?
// params: id, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset {id: $id})<-[r:FINE_TUNED_ON]-(m:Model)
WHERE NOT coalesce(r.run, '') IN hidden
RETURN m.id AS model, r.method AS method, r.metric AS metric, avg(r.value) AS value,
       count(*) AS records
ORDER BY metric, CASE metric WHEN 'mse' THEN value ELSE -value END, model, method
LIMIT $limit
