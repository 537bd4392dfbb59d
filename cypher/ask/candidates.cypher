// Which models should I fine-tune on a dataset, by the predictions that are published?
// params: dataset, limit
MATCH (l:Learner)-[q:PUBLISHED]->(d:Dataset {id: $dataset})
WHERE l.default
WITH d, q.run AS run LIMIT 1
MATCH (d)<-[p:PREDICTED]-(m:Model)
WHERE p.run = run
RETURN p.rank AS rank, m.id AS model, p.accuracy AS accuracy, p.low AS low, p.high AS high,
       m.parameters AS parameters, m.license AS license, p.learner AS learner
ORDER BY rank
LIMIT $limit
