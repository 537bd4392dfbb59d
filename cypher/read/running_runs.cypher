// Which runs of a kind have not ended?
// params: kind
MATCH (r:Run {status: 'running'})
WHERE r.kind = $kind
RETURN r.id AS id, r.owner AS owner,
       coalesce(r.seen, r.started) < datetime() - duration({minutes: 30}) AS stale
