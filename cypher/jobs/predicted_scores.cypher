// How well is each model expected to do on these datasets, as published?
// params: datasets
UNWIND $datasets AS dataset
MATCH (d:Dataset {id: dataset})<-[p:PUBLISHED]-(l:Learner)
WITH d, p.run AS run
MATCH (d)<-[e:PREDICTED]-(m:Model)
WHERE e.run = run
RETURN m.id AS model, d.id AS dataset, e.method AS method, e.score AS score
