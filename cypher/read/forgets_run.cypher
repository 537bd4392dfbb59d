// Which relationships would go with a run?
// params: id
MATCH (a)-[r]->()
WHERE r.run = $id AND (a:Model OR a:Dataset OR a:Learner)
RETURN type(r) AS what, count(*) AS count
ORDER BY what
