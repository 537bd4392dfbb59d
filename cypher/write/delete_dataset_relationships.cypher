// Remove some of the relationships of a dataset that goes.
// params: id, limit
MATCH (n:Dataset {id: $id})-[r]-()
WITH DISTINCT r LIMIT $limit
DELETE r
