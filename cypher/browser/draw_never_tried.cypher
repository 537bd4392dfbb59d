// Models never tried: predicted among the best for a dataset, not yet fine-tuned on it
// params: dataset
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (l:Learner)-[q:PUBLISHED]->(d:Dataset {id: $dataset})
WHERE l.default
WITH hidden, d, q.run AS run LIMIT 1
MATCH (d)<-[p:PREDICTED]-(m:Model)
WHERE p.run = run
OPTIONAL MATCH (m)-[r:FINE_TUNED_ON]->(d)
WHERE NOT coalesce(r.run, '') IN hidden
WITH d, p, m, count(r) AS records
WHERE records = 0
RETURN d, p, m
ORDER BY p.rank
LIMIT 10
