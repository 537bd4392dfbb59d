// What did a probe see in the datasets it knows?
// params: probe
MATCH (d:Dataset)-[:HAS_EMBEDDING]->(e:Embedding)
WHERE e.probe = $probe
RETURN d.id AS dataset, e.probe AS probe, e.method AS method, e.samples AS samples,
       e.vector AS vector
ORDER BY dataset, method
