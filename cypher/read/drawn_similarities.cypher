// How like each other are these datasets?
// params: ids, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (a:Dataset)-[s:SIMILAR_TO]->(b:Dataset)
WHERE a.id IN $ids AND b.id IN $ids AND NOT coalesce(s.run, '') IN hidden
RETURN a.id AS a, b.id AS b, s.value AS value, s.measure AS measure
ORDER BY value DESC, a, b
LIMIT $limit
