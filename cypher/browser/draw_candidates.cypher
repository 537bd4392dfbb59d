// Candidate models of a dataset: the ten best published predictions
// params: dataset
MATCH (l:Learner)-[q:PUBLISHED]->(d:Dataset {id: $dataset})
WHERE l.default
WITH d, q.run AS run LIMIT 1
MATCH (d)<-[p:PREDICTED]-(m:Model)
WHERE p.run = run
RETURN d, p, m
ORDER BY p.rank
LIMIT 10
