// How far were the published predictions from what was measured, worst first?
// params: method, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (l:Learner)-[q:PUBLISHED]->(d:Dataset)
WHERE l.default AND l.method = $method AND d.quarantined IS NULL
CALL (d, hidden) {
  MATCH (d)<-[r:FINE_TUNED_ON]-(:Model)
  WHERE r.method = $method AND NOT coalesce(r.run, '') IN hidden
  RETURN r.metric AS metric, count(r) AS records
  ORDER BY records DESC, metric LIMIT 1
}
MATCH (d)<-[p:PREDICTED]-(m:Model)
WHERE p.run = q.run
MATCH (m)-[r:FINE_TUNED_ON]->(d)
WHERE r.method = $method AND r.metric = metric AND NOT coalesce(r.run, '') IN hidden
WITH d, m, p, avg(r.value) AS measured
WHERE p.accuracy IS NOT NULL
RETURN d.id AS dataset, m.id AS model, p.accuracy AS accuracy, p.low AS low, p.high AS high,
       measured, abs(p.accuracy - measured) AS error
ORDER BY error DESC
LIMIT $limit
