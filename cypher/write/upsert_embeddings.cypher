// Write embeddings: how many are new, changed, as they were? Vectors are float32 bytes.
// params: rows, run, unfinished, change
UNWIND $rows AS row
MATCH (d:Dataset {id: row.dataset})
MERGE (e:Embedding {id: row.id})
MERGE (d)-[:HAS_EMBEDDING]->(e)
WITH e, row, e.run IS NULL OR e.run IN $unfinished AS created,
     any(key IN keys(row.set) WHERE e[key] IS NULL OR e[key] <> row.set[key]) AS changed
FOREACH (_ IN CASE WHEN created OR changed AND $change THEN [1] ELSE [] END |
  SET e += row.set, e.run = CASE WHEN created THEN $run ELSE e.run END)
RETURN count(*) AS rows,
       sum(CASE WHEN created THEN 1 ELSE 0 END) AS created,
       sum(CASE WHEN changed AND NOT created THEN 1 ELSE 0 END) AS updated
