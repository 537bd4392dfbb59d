// Which large imports have not ended? Their rows are not yet to be seen.
// params:
MATCH (r:Run {status: 'running'})
WHERE r.content IS NOT NULL
RETURN r.id AS id, r.kind AS kind, r.owner AS owner, r.content AS content,
       r.arguments AS arguments, r.started AS started,
       r.seen < datetime() - duration({minutes: 10}) AS stale
ORDER BY started, id
