// Models never tried: predicted among the best for a dataset, not yet fine-tuned on it
// params: dataset
MATCH (l:Learner)-[q:PUBLISHED]->(d:Dataset {id: $dataset})
WHERE l.default
WITH d, q.run AS run LIMIT 1
MATCH (d)<-[p:PREDICTED]-(m:Model)
WHERE p.run = run
OPTIONAL MATCH (m)-[r:FINE_TUNED_ON]->(d)
WITH d, p, m, count(r) AS records
WHERE records = 0
RETURN d, p, m
ORDER BY p.rank
LIMIT 10
