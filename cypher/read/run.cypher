// What is known of one run?
// params: id
MATCH (r:Run {id: $id})
RETURN r.id AS id, r.kind AS kind, r.status AS status, toString(r.started) AS started,
       toString(r.finished) AS finished, r.arguments AS arguments, r.versions AS versions
