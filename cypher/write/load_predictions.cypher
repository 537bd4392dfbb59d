// Write copies of PREDICTED relationships as they were; once more changes nothing.
// params: rows
UNWIND $rows AS row
MATCH (a:Model {id: row.a})
MATCH (b:Dataset {id: row.b})
MERGE (a)-[r:PREDICTED {run: row.set.run}]->(b)
SET r = row.set
FOREACH (key IN keys(row.times) | SET r[key] = datetime(row.times[key]))
RETURN count(*) AS rows
