// Which nodes would go with a run?
// params: id
MATCH (n)
WHERE n.run = $id AND (n:Model OR n:Dataset OR n:Learner OR n:Embedding)
OPTIONAL MATCH (n)-[r]-(other)
WHERE coalesce(r.run, '') <> $id AND NOT n:Learner AND NOT n:Embedding
  AND NOT (other:Embedding AND other.run = $id) AND NOT (other:Learner AND other.run = $id)
WITH n, count(r) AS kept
WHERE kept = 0
RETURN CASE WHEN n:Model THEN 'Model' WHEN n:Dataset THEN 'Dataset'
       WHEN n:Learner THEN 'Learner' ELSE 'Embedding' END AS what, count(*) AS count
ORDER BY what
