// Which datasets are most like this one?
// params: dataset, limit
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset {id: $dataset})-[s:SIMILAR_TO]-(other:Dataset)
WHERE NOT coalesce(s.run, '') IN hidden
RETURN other.id AS dataset, s.value AS similarity, s.measure AS measure, s.probe AS probe,
       other.classes AS classes, other.samples AS samples
ORDER BY similarity DESC, dataset
LIMIT $limit
