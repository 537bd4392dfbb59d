// Remove some of the relationships of a model that goes.
// params: id, limit
MATCH (n:Model {id: $id})-[r]-()
WITH DISTINCT r LIMIT $limit
DELETE r
