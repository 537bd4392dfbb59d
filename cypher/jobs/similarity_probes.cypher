// By which probes are the datasets of a modality compared, with or without their vectors?
// params: modality
MATCH (d:Dataset)-[s:SIMILAR_TO]->(:Dataset)
WHERE d.modality = $modality
RETURN s.probe AS probe, count(s) AS similarities
ORDER BY similarities DESC, probe
