// What hangs on a dataset: its best results, models pre-trained on it, its best predictions?
// params: id, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset {id: $id})<-[r:FINE_TUNED_ON]-(m:Model)
WHERE NOT coalesce(r.run, '') IN hidden
WITH m, d, r.method AS method, r.metric AS metric, avg(r.value) AS value, count(*) AS records
ORDER BY metric, CASE metric WHEN 'mse' THEN value ELSE -value END, m.id LIMIT $limit
RETURN 'FINE_TUNED_ON' AS type, m.id AS model, d.id AS dataset, value,
       method + ', ' + metric AS label, records
UNION ALL
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset {id: $id})<-[r:PRETRAINED_ON]-(m:Model)
WHERE NOT coalesce(r.run, '') IN hidden
WITH m, d, r ORDER BY m.id LIMIT $limit
RETURN 'PRETRAINED_ON' AS type, m.id AS model, d.id AS dataset, r.accuracy AS value,
       null AS label, 1 AS records
UNION ALL
MATCH (d:Dataset {id: $id})<-[q:PUBLISHED]-(l:Learner)
WHERE l.default
MATCH (m:Model)-[p:PREDICTED]->(d)
WHERE p.run = q.run AND p.rank <= $limit
RETURN 'PREDICTED' AS type, m.id AS model, d.id AS dataset, p.accuracy AS value,
       'rank ' + toString(p.rank) AS label, 1 AS records
