// Why this model: its prediction, and what it reached on the datasets most like this one
// params: model, dataset
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (m:Model {id: $model})
MATCH (d:Dataset {id: $dataset})
OPTIONAL MATCH (l:Learner)-[q:PUBLISHED]->(d)
WHERE l.default
WITH hidden, m, d, q.run AS run, coalesce(l.method, 'full') AS method LIMIT 1
OPTIONAL MATCH (m)-[p:PREDICTED]->(d)
WHERE p.run = run
OPTIONAL MATCH (d)-[s:SIMILAR_TO]-(other:Dataset)<-[r:FINE_TUNED_ON]-(m)
WHERE r.method = method AND NOT coalesce(r.run, '') IN hidden AND NOT coalesce(s.run, '') IN hidden
WITH m, d, p, other, s, r ORDER BY s.value DESC,
     CASE r.metric WHEN 'mse' THEN r.value ELSE -r.value END
WITH m, d, p, other, max(s.value) AS nearness, head(collect(s)) AS s, head(collect(r)) AS r
RETURN m, d, p, other, s, r
ORDER BY nearness DESC
LIMIT 6
