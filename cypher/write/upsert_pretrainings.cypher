// Write what models were pre-trained on: how many are new, changed, as they were?
// params: rows, run, unfinished, change
// Rows of one first end stand together: a new value on it keeps a second writer out between looking
// and creating. MERGE does so on Neo4j only, and on the embedded store looks through all
// relationships of a node for every row.
UNWIND $rows AS group
MATCH (m:Model {id: group.first})
SET m.lock = randomUUID()
WITH m, group
UNWIND group.rows AS row
MATCH (d:Dataset {id: row.dataset})
OPTIONAL MATCH (m)-[r:PRETRAINED_ON]->(d)
WITH m, d, row, r, r IS NULL AS absent, r.run IS NULL OR r.run IN $unfinished AS created,
     any(key IN keys(row.set) WHERE r[key] IS NULL OR r[key] <> row.set[key]) AS changed
FOREACH (_ IN CASE WHEN absent THEN [1] ELSE [] END |
  CREATE (m)-[n:PRETRAINED_ON]->(d)
  SET n += row.set, n.run = $run)
FOREACH (_ IN CASE WHEN NOT absent AND (created OR changed AND $change) THEN [1] ELSE [] END |
  SET r += row.set, r.run = $run)
RETURN count(*) AS rows,
       sum(CASE WHEN created THEN 1 ELSE 0 END) AS created,
       sum(CASE WHEN changed AND NOT created THEN 1 ELSE 0 END) AS updated
