// Which probes have seen the datasets of a modality, how many of them?
// params: modality
MATCH (d:Dataset)-[:HAS_EMBEDDING]->(e:Embedding)
WHERE d.modality = $modality
RETURN e.probe AS probe, count(DISTINCT d) AS datasets
ORDER BY datasets DESC, probe
