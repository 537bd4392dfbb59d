// How many lines has the list of a dataset's models, one a model, method and metric?
// params: id
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset {id: $id})<-[r:FINE_TUNED_ON]-(m:Model)
WHERE NOT coalesce(r.run, '') IN hidden
WITH DISTINCT m, r.method AS method, r.metric AS metric
RETURN count(*) AS total
