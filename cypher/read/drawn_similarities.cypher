// How like each other are these datasets?
// params: ids, limit
MATCH (a:Dataset)-[s:SIMILAR_TO]->(b:Dataset)
WHERE a.id IN $ids AND b.id IN $ids
RETURN a.id AS a, b.id AS b, s.value AS value, s.measure AS measure
ORDER BY value DESC, a, b
LIMIT $limit
