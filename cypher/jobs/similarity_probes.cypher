// By which probes are the datasets of a modality compared, with or without their vectors?
// params: modality
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset)-[s:SIMILAR_TO]->(:Dataset)
WHERE d.modality = $modality AND NOT coalesce(s.run, '') IN hidden
RETURN s.probe AS probe, count(s) AS similarities
ORDER BY similarities DESC, probe
