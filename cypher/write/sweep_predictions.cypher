// Remove a dataset's predictions that nothing names: neither published, nor the run before, nor live.
// params: dataset, live
MATCH (d:Dataset {id: $dataset})
OPTIONAL MATCH (:Learner)-[q:PUBLISHED]->(d)
WITH d, collect(q.run) + collect(q.previous) AS named
MATCH (d)<-[p:PREDICTED]-(:Model)
WHERE NOT p.run IN named AND NOT p.run IN $live
DELETE p
