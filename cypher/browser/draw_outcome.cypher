// Prediction against outcome: models predicted for a dataset and fine-tuned on it
// params: dataset
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (l:Learner)-[q:PUBLISHED]->(d:Dataset {id: $dataset})
WHERE l.default
WITH hidden, d, l.method AS method, q.run AS run LIMIT 1
MATCH (d)<-[p:PREDICTED]-(m:Model)
WHERE p.run = run
MATCH (m)-[r:FINE_TUNED_ON]->(d)
WHERE r.method = method AND NOT coalesce(r.run, '') IN hidden
WITH d, m, p, r ORDER BY CASE r.metric WHEN 'mse' THEN r.value ELSE -r.value END
WITH d, m, p, head(collect(r)) AS outcome
RETURN d, m, p, outcome
ORDER BY p.rank
LIMIT 10
