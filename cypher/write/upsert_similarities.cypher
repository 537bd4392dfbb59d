// Write similarities, stored once from the smaller id: how many are new, changed, as they were?
// params: rows, run, unfinished, change
// Rows of one first end stand together: a new value on it keeps a second writer out between looking
// and creating. MERGE does so on Neo4j only, and on the embedded store looks through all
// relationships of a node for every row.
UNWIND $rows AS group
MATCH (a:Dataset {id: group.first})
SET a.lock = randomUUID()
WITH a, group
UNWIND group.rows AS row
MATCH (b:Dataset {id: row.dataset_b})
OPTIONAL MATCH (a)-[r:SIMILAR_TO {measure: row.measure, probe: row.probe}]->(b)
WITH a, b, row, r, r IS NULL AS absent, r.run IS NULL OR r.run IN $unfinished AS created,
     any(key IN keys(row.set) WHERE r[key] IS NULL OR r[key] <> row.set[key]) AS changed
FOREACH (_ IN CASE WHEN absent THEN [1] ELSE [] END |
  CREATE (a)-[n:SIMILAR_TO {measure: row.measure, probe: row.probe}]->(b)
  SET n += row.set, n.run = $run)
FOREACH (_ IN CASE WHEN NOT absent AND (created OR changed AND $change) THEN [1] ELSE [] END |
  SET r += row.set, r.run = $run)
RETURN count(*) AS rows,
       sum(CASE WHEN created THEN 1 ELSE 0 END) AS created,
       sum(CASE WHEN changed AND NOT created THEN 1 ELSE 0 END) AS updated
