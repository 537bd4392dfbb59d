// Which relationships would go with a dataset?
// params: id
MATCH (n:Dataset {id: $id})-[r]-()
RETURN type(r) AS what, count(*) AS count
ORDER BY what
