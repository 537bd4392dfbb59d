// Which runs of a kind have not ended?
// params: kind
MATCH (r:Run {status: 'running'})
WHERE r.kind = $kind
RETURN r.id AS id, r.owner AS owner, r.started < datetime() - duration({days: 1}) AS stale
