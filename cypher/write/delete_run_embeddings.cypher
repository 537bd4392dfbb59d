// Undo some of what a run wrote: embeddings.
// params: run, limit
MATCH (e:Embedding)
WHERE e.run = $run
WITH e LIMIT $limit
DETACH DELETE e
