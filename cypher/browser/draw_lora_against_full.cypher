// LoRA against full: models fine-tuned both ways on a dataset, one record of either
// params: dataset
MATCH (d:Dataset {id: $dataset})<-[r:FINE_TUNED_ON]-(m:Model)
WHERE r.method = 'full'
WITH d, m, r ORDER BY r.value DESC
WITH d, m, head(collect(r)) AS full
MATCH (m)-[r:FINE_TUNED_ON]->(d)
WHERE r.method = 'lora'
WITH d, m, full, r ORDER BY r.value DESC
WITH d, m, full, head(collect(r)) AS lora
RETURN d, m, full, lora
ORDER BY full.value DESC
LIMIT 10
