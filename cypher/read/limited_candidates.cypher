// Which models does a published run predict best for a dataset, within limits?
// params: dataset, run, method, max_parameters, max_memory, license, family, allow_unknown, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset {id: $dataset})<-[p:PREDICTED]-(m:Model)
WHERE p.run = $run
  AND ($max_parameters IS NULL OR m.parameters <= $max_parameters
       OR $allow_unknown AND m.parameters IS NULL)
  AND ($max_memory IS NULL OR m.memory_bytes <= $max_memory
       OR $allow_unknown AND m.memory_bytes IS NULL)
  AND ($license IS NULL OR toLower(m.license) = toLower($license)
       OR $allow_unknown AND m.license IS NULL)
  AND ($family IS NULL OR toLower(m.family) = toLower($family)
       OR $allow_unknown AND m.family IS NULL)
WITH hidden, d, p, m ORDER BY p.rank LIMIT $limit
OPTIONAL MATCH (m)-[r:FINE_TUNED_ON]->(d)
WHERE r.method = $method AND NOT coalesce(r.run, '') IN hidden
RETURN m.id AS model, p.rank AS rank, p.score AS score, p.accuracy AS accuracy, p.low AS low,
       p.high AS high, p.probability_best AS probability_best, avg(r.value) AS measured,
       m.parameters AS parameters, m.memory_bytes AS memory_bytes, m.license AS license,
       m.family AS family, m.source AS source, p.model_mean AS model_mean
ORDER BY rank
