// Which run of predictions do readers of a dataset see? The default learner's first.
// params: dataset, method
MATCH (d:Dataset {id: $dataset})
MATCH (l:Learner)-[p:PUBLISHED]->(d)
WHERE l.method = $method
RETURN d.modality AS modality, p.run AS run, p.previous AS previous, l.id AS learner,
       coalesce(l.default, false) AS default, l.trained AS trained
ORDER BY default DESC, trained DESC
LIMIT 1
