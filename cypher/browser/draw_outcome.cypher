// Prediction against outcome: models predicted for a dataset and fine-tuned on it
// params: dataset
MATCH (l:Learner)-[q:PUBLISHED]->(d:Dataset {id: $dataset})
WHERE l.default
WITH d, l.method AS method, q.run AS run LIMIT 1
MATCH (d)<-[p:PREDICTED]-(m:Model)
WHERE p.run = run
MATCH (m)-[r:FINE_TUNED_ON]->(d)
WHERE r.method = method
WITH d, m, p, r ORDER BY r.value DESC
WITH d, m, p, head(collect(r)) AS outcome
RETURN d, m, p, outcome
ORDER BY p.rank
LIMIT 10
