// Set a dataset aside with a reason, or take it back (reason null).
// params: id, reason
MATCH (d:Dataset {id: $id})
SET d.quarantined = $reason
RETURN d.id AS id
