// Write copies of HAS_EMBEDDING relationships as they were; once more changes nothing.
// params: rows
UNWIND $rows AS row
MATCH (a:Dataset {id: row.a})
MATCH (b:Embedding {id: row.b})
MERGE (a)-[r:HAS_EMBEDDING]->(b)
SET r = row.set
FOREACH (key IN keys(row.times) | SET r[key] = datetime(row.times[key]))
RETURN count(*) AS rows
