// Write copies of Learner nodes as they were; once more changes nothing.
// params: rows
UNWIND $rows AS row
MERGE (n:Learner {id: row.id})
SET n = row.set
FOREACH (key IN keys(row.times) | SET n[key] = datetime(row.times[key]))
RETURN count(*) AS rows
