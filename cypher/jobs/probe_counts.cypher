// Which probes have seen the datasets of a modality, how many of them?
// params: modality
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset)-[:HAS_EMBEDDING]->(e:Embedding)
WHERE d.modality = $modality AND NOT coalesce(e.run, '') IN hidden
RETURN e.probe AS probe, count(DISTINCT d) AS datasets
ORDER BY datasets DESC, probe
