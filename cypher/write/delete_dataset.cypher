// Remove a dataset that has no relationships left.
// params: id
MATCH (n:Dataset {id: $id})
DELETE n
