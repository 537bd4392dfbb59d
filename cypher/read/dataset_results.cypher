// Which models were best on a dataset?
// params: id, limit
MATCH (d:Dataset {id: $id})<-[r:FINE_TUNED_ON]-(m:Model)
RETURN m.id AS model, r.method AS method, r.metric AS metric, avg(r.value) AS value,
       count(*) AS records
ORDER BY value DESC, model
LIMIT $limit
