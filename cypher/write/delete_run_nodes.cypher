// Undo some of what a run wrote: models and datasets that nothing else refers to.
// params: run, limit
MATCH (n)
WHERE (n:Model OR n:Dataset) AND n.run = $run AND NOT (n)--()
WITH n LIMIT $limit
DELETE n
