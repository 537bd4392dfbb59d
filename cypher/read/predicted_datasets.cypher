// Which datasets carry predictions?
// params:
MATCH (d:Dataset)
WHERE EXISTS { MATCH (d)<-[:PREDICTED]-(:Model) }
RETURN d.id AS id
ORDER BY id
