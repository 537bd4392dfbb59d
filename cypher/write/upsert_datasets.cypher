// Write datasets: how many are new, changed, as they were? A node keeps the run that made it.
// params: rows, run, unfinished, change
UNWIND $rows AS row
MERGE (d:Dataset {id: row.id})
WITH d, row, d.run IS NULL OR d.run IN $unfinished AS created,
     any(key IN keys(row.set) WHERE d[key] IS NULL OR d[key] <> row.set[key]) AS changed
FOREACH (_ IN CASE WHEN created OR changed AND $change THEN [1] ELSE [] END |
  SET d += row.set, d.run = CASE WHEN created THEN $run ELSE d.run END)
RETURN count(*) AS rows,
       sum(CASE WHEN created THEN 1 ELSE 0 END) AS created,
       sum(CASE WHEN changed AND NOT created THEN 1 ELSE 0 END) AS updated
