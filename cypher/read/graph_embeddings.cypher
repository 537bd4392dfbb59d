// Which embeddings do a modality's datasets have?
// params: modality, hidden
MATCH (d:Dataset)-[:HAS_EMBEDDING]->(e:Embedding)
WHERE (d.modality = $modality OR d.modality IS NULL) AND NOT coalesce(e.run, '') IN $hidden
RETURN d.id AS dataset, e.probe AS probe, e.method AS method, e.vector AS vector
