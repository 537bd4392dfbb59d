// Which datasets are most like this one?
// params: dataset, limit
MATCH (d:Dataset {id: $dataset})-[s:SIMILAR_TO]-(other:Dataset)
RETURN other.id AS dataset, s.value AS similarity, s.measure AS measure, s.probe AS probe,
       other.classes AS classes, other.samples AS samples
ORDER BY similarity DESC, dataset
LIMIT $limit
