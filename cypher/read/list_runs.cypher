// Which commands changed something, newest first?
// params: limit
MATCH (r:Run)
RETURN r.id AS id, r.kind AS kind, r.status AS status, r.started AS started,
       r.finished AS finished, r.arguments AS arguments
ORDER BY started DESC
LIMIT $limit
