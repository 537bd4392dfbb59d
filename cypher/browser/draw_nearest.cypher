// Nearest datasets: the ten most like this one, for each measure
// params: dataset
MATCH (d:Dataset {id: $dataset})-[s:SIMILAR_TO]-(other:Dataset)
WITH d, s, other ORDER BY s.value DESC
WITH d, s.measure AS measure, s.probe AS probe, collect([s, other])[..10] AS nearest
UNWIND nearest AS pair
RETURN d, pair[0] AS similarity, pair[1] AS other
LIMIT 30
