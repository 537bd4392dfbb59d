// Which relationships would go with a model?
// params: id
MATCH (n:Model {id: $id})-[r]-()
RETURN type(r) AS what, count(*) AS count
ORDER BY what
