// Which models does a published run predict best for a dataset, how many pass the limits, in which metric?
// params: dataset, run, method, max_parameters, max_memory, license, family, allow_unknown, last, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
OPTIONAL MATCH (d:Dataset {id: $dataset})
WITH hidden, d
CALL (d, hidden) {
  OPTIONAL MATCH (d)<-[r:FINE_TUNED_ON]-(:Model)
  WHERE r.method = $method AND NOT coalesce(r.run, '') IN hidden
  RETURN r.metric AS metric, count(r) AS records
  ORDER BY records DESC, metric LIMIT 1
}
OPTIONAL MATCH (d)<-[p:PREDICTED]-(m:Model) WHERE p.run = $run
WITH hidden, d, metric, p, m, p.rank AS rank,
     CASE WHEN $max_parameters IS NULL OR m.parameters <= $max_parameters
          OR $allow_unknown AND m.parameters IS NULL THEN 0 ELSE 1 END AS large,
     CASE WHEN $max_memory IS NULL OR m.memory_bytes <= $max_memory
          OR $allow_unknown AND m.memory_bytes IS NULL THEN 0 ELSE 1 END AS heavy,
     CASE WHEN $license IS NULL OR toLower(m.license) = $license
          OR $allow_unknown AND m.license IS NULL THEN 0 ELSE 1 END AS barred,
     CASE WHEN $family IS NULL OR toLower(m.family) = $family
          OR $allow_unknown AND m.family IS NULL THEN 0 ELSE 1 END AS strange
// Collected and not sorted: the embedded store sorts a thousand rows as long as it reads them.
WITH hidden, d, metric, count(p) AS total, sum(large) AS parameters, sum(heavy) AS memory,
     sum(barred) AS license, sum(strange) AS family,
     sum(CASE WHEN p IS NOT NULL AND large + heavy + barred + strange = 0 THEN 1 ELSE 0 END)
       AS passing,
     collect(CASE WHEN rank <= $last AND large + heavy + barred + strange = 0
             THEN {rank: rank, link: p, model: m} END) AS found
UNWIND CASE WHEN size(found) = 0 THEN [null] ELSE found END AS one
WITH hidden, d, metric, total, passing, parameters, memory, license, family, one
ORDER BY one.rank LIMIT $limit
WITH hidden, d, metric, total, passing, parameters, memory, license, family,
     one.link AS p, one.model AS m
OPTIONAL MATCH (m)-[r:FINE_TUNED_ON]->(d)
WHERE r.method = $method AND r.metric = metric AND d.quarantined IS NULL
  AND NOT coalesce(r.run, '') IN hidden
WITH hidden, d, metric, total, passing, parameters, memory, license, family, p, m,
     avg(r.value) AS measured
WITH hidden, d, metric, total, passing, parameters, memory, license, family,
     collect(CASE WHEN m IS NOT NULL THEN {
       model: m.id, rank: p.rank, score: p.score, accuracy: p.accuracy, low: p.low, high: p.high,
       probability_best: p.probability_best, measured: measured, parameters: m.parameters,
       memory_bytes: m.memory_bytes, license: m.license, family: m.family, source: m.source,
       model_mean: p.model_mean} END) AS models
// After the rows: a run that is named now was not swept while they were read.
OPTIONAL MATCH (:Learner)-[q:PUBLISHED]->(d)
RETURN total, passing, parameters, memory, license, family, models, metric,
       collect(q.run) + collect(q.previous) AS named
