// Which runs have not ended, oldest first?
// params:
MATCH (r:Run {status: 'running'})
RETURN r.id AS id, r.kind AS kind, r.owner AS owner, r.arguments AS arguments,
       r.started AS started, r.content IS NOT NULL AS import
ORDER BY started, id
