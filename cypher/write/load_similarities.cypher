// Write copies of SIMILAR_TO relationships as they were; once more changes nothing.
// params: rows
UNWIND $rows AS row
MATCH (a:Dataset {id: row.a})
MATCH (b:Dataset {id: row.b})
MERGE (a)-[r:SIMILAR_TO {measure: row.set.measure, probe: row.set.probe}]->(b)
SET r = row.set
FOREACH (key IN keys(row.times) | SET r[key] = datetime(row.times[key]))
RETURN count(*) AS rows
