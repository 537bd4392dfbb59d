// What did the zoo do lately?
// params: limit
MATCH (r:Run)
RETURN r.id AS run, r.kind AS kind, r.status AS status, r.started AS started,
       r.finished AS finished, r.arguments AS arguments
ORDER BY started DESC
LIMIT $limit
