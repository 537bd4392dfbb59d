// Say that a run is still under way, where its owner is still the same process.
// params: id, owner
MATCH (r:Run {id: $id, owner: $owner})
WHERE r.status = 'running'
SET r.seen = datetime()
RETURN count(*) AS kept
