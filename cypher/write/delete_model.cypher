// Remove a model that has no relationships left.
// params: id
MATCH (n:Model {id: $id})
DELETE n
