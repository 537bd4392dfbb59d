// Which embeddings of datasets are stored, vectors included?
// params: hidden
MATCH (d:Dataset)-[:HAS_EMBEDDING]->(e:Embedding)
WHERE NOT coalesce(e.run, '') IN $hidden
RETURN d.id AS dataset, e.probe AS probe, e.method AS method, e.samples AS samples,
       e.vector AS vector
ORDER BY dataset, probe, method
