// Which models were predicted among the best for a dataset and never fine-tuned on it?
// params: dataset, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (l:Learner)-[q:PUBLISHED]->(d:Dataset {id: $dataset})
WHERE l.default
WITH hidden, d, q.run AS run LIMIT 1
MATCH (d)<-[p:PREDICTED]-(m:Model)
WHERE p.run = run
OPTIONAL MATCH (m)-[r:FINE_TUNED_ON]->(d)
WHERE NOT coalesce(r.run, '') IN hidden
WITH m, p, count(r) AS records
WHERE records = 0
RETURN p.rank AS rank, m.id AS model, p.accuracy AS accuracy, p.low AS low, p.high AS high
ORDER BY rank
LIMIT $limit
