// Which results of a method are there, what did each cost?
// params: method
MATCH (m:Model)-[r:FINE_TUNED_ON]->(d:Dataset)
WHERE r.method = $method
RETURN m.id AS model, d.id AS dataset, r.seed AS seed, r.seconds AS seconds, r.epochs AS epochs,
       r.device AS device, m.parameters AS parameters, d.samples AS samples,
       m.modality AS modality
