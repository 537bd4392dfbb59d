// Nearest datasets: the ten most like this one, for each measure
// params: dataset
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset {id: $dataset})-[s:SIMILAR_TO]-(other:Dataset)
WHERE NOT coalesce(s.run, '') IN hidden
WITH d, s, other ORDER BY s.value DESC
WITH d, s.measure AS measure, s.probe AS probe, collect([s, other])[..10] AS nearest
UNWIND nearest AS pair
RETURN d, pair[0] AS similarity, pair[1] AS other
LIMIT 20
