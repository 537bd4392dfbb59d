// What were the models pre-trained on?
// params: hidden
MATCH (m:Model)-[r:PRETRAINED_ON]->(d:Dataset)
WHERE NOT coalesce(r.run, '') IN $hidden
RETURN m.id AS model, d.id AS dataset, r.accuracy AS accuracy
ORDER BY model, dataset
