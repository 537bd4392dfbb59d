// What is known of one run?
// params: id
MATCH (r:Run {id: $id})
RETURN r.id AS id, r.kind AS kind, r.status AS status, r.started AS started,
       r.finished AS finished, r.arguments AS arguments, r.versions AS versions
