// How often was each metric measured on a dataset by one method, most frequent first?
// params: id, method
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset {id: $id})<-[r:FINE_TUNED_ON]-(:Model)
WHERE r.method = $method AND NOT coalesce(r.run, '') IN hidden
RETURN r.metric AS metric, count(*) AS records
ORDER BY records DESC, metric
