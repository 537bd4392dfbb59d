// LoRA against full: models fine-tuned both ways on a dataset, one record of either
// params: dataset
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset {id: $dataset})<-[r:FINE_TUNED_ON]-(m:Model)
WHERE r.method = 'full' AND NOT coalesce(r.run, '') IN hidden
WITH hidden, d, m, r ORDER BY CASE r.metric WHEN 'mse' THEN r.value ELSE -r.value END
WITH hidden, d, m, head(collect(r)) AS full
MATCH (m)-[r:FINE_TUNED_ON]->(d)
WHERE r.method = 'lora' AND NOT coalesce(r.run, '') IN hidden
WITH d, m, full, r ORDER BY CASE r.metric WHEN 'mse' THEN r.value ELSE -r.value END
WITH d, m, full, head(collect(r)) AS lora
RETURN d, m, full, lora
ORDER BY CASE full.metric WHEN 'mse' THEN full.value ELSE -full.value END
LIMIT 10
