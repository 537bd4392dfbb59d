// What hangs on a model: its best results, what it was pre-trained on, what is predicted for it?
// params: id, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (m:Model {id: $id})-[r:FINE_TUNED_ON]->(d:Dataset)
WHERE NOT coalesce(r.run, '') IN hidden
WITH m, d, r.method AS method, r.metric AS metric, avg(r.value) AS value, count(*) AS records
ORDER BY metric, CASE metric WHEN 'mse' THEN value ELSE -value END, d.id LIMIT $limit
RETURN 'FINE_TUNED_ON' AS type, m.id AS model, d.id AS dataset, value,
       method + ', ' + metric AS label, records
UNION ALL
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (m:Model {id: $id})-[r:PRETRAINED_ON]->(d:Dataset)
WHERE NOT coalesce(r.run, '') IN hidden
WITH m, d, r ORDER BY d.id LIMIT $limit
RETURN 'PRETRAINED_ON' AS type, m.id AS model, d.id AS dataset, r.accuracy AS value,
       null AS label, 1 AS records
UNION ALL
MATCH (m:Model {id: $id})-[p:PREDICTED]->(d:Dataset)<-[q:PUBLISHED]-(l:Learner)
WHERE q.run = p.run AND l.default
WITH m, d, p ORDER BY p.rank, d.id LIMIT $limit
RETURN 'PREDICTED' AS type, m.id AS model, d.id AS dataset, p.accuracy AS value,
       'rank ' + toString(p.rank) AS label, 1 AS records
