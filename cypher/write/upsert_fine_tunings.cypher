// Write fine-tunings: how many are new, changed, as they were? An unchanged one keeps its run.
// params: rows, run, unfinished, change
UNWIND $rows AS row
MATCH (m:Model {id: row.model})
MATCH (d:Dataset {id: row.dataset})
MERGE (m)-[r:FINE_TUNED_ON {id: row.id}]->(d)
WITH r, row, r.run IS NULL OR r.run IN $unfinished AS created,
     any(key IN keys(row.set) WHERE r[key] IS NULL OR r[key] <> row.set[key]) AS changed
FOREACH (_ IN CASE WHEN created OR changed AND $change THEN [1] ELSE [] END |
  SET r += row.set, r.run = $run)
RETURN count(*) AS rows,
       sum(CASE WHEN created THEN 1 ELSE 0 END) AS created,
       sum(CASE WHEN changed AND NOT created THEN 1 ELSE 0 END) AS updated
