// Which commands changed something, newest first?
// params: limit
MATCH (r:Run)
RETURN r.id AS id, r.kind AS kind, r.status AS status, toString(r.started) AS started,
       toString(r.finished) AS finished, r.arguments AS arguments
ORDER BY started DESC
LIMIT $limit
