// What were the models pre-trained on?
// params:
MATCH (m:Model)-[r:PRETRAINED_ON]->(d:Dataset)
RETURN m.id AS model, d.id AS dataset, r.accuracy AS accuracy
ORDER BY model, dataset
