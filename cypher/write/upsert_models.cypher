// Write models: how many are new, changed, as they were? A node keeps the run that made it.
// params: rows, run, unfinished, change
UNWIND $rows AS row
MERGE (m:Model {id: row.id})
WITH m, row, m.run IS NULL OR m.run IN $unfinished AS created,
     any(key IN keys(row.set) WHERE m[key] IS NULL OR m[key] <> row.set[key]) AS changed
FOREACH (_ IN CASE WHEN created OR changed AND $change THEN [1] ELSE [] END |
  SET m += row.set, m.run = CASE WHEN created THEN $run ELSE m.run END)
RETURN count(*) AS rows,
       sum(CASE WHEN created THEN 1 ELSE 0 END) AS created,
       sum(CASE WHEN changed AND NOT created THEN 1 ELSE 0 END) AS updated
