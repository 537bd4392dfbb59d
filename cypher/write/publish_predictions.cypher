// Flip what readers see to a run, for all its datasets at once; the run before stays for readers.
// params: learner, run, datasets
MATCH (l:Learner {id: $learner})
UNWIND $datasets AS id
MATCH (d:Dataset {id: id})
MERGE (l)-[p:PUBLISHED]->(d)
SET p.previous = CASE WHEN p.run = $run THEN p.previous ELSE p.run END
SET p.run = $run
RETURN count(*) AS rows
