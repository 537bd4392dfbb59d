// What did a probe see in the datasets it knows?
// params: probe
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset)-[:HAS_EMBEDDING]->(e:Embedding)
WHERE e.probe = $probe AND NOT coalesce(e.run, '') IN hidden
RETURN d.id AS dataset, e.probe AS probe, e.method AS method, e.samples AS samples,
       e.vector AS vector
ORDER BY dataset, method
