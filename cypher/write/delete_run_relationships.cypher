// Undo some of what a run wrote: its relationships.
// params: run, limit
MATCH (a)-[r]->()
WHERE r.run = $run AND (a:Model OR a:Dataset OR a:Learner)
WITH r LIMIT $limit
DELETE r
