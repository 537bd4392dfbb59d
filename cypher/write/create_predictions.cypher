// Write one dataset's predictions of a run; nobody sees them before the run is published.
// params: dataset, run, learner, method, rows
MATCH (d:Dataset {id: $dataset})
UNWIND $rows AS row
MATCH (m:Model {id: row.model})
CREATE (m)-[p:PREDICTED {run: $run, learner: $learner, method: $method}]->(d)
SET p += row.set
RETURN count(*) AS rows
