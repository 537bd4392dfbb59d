// End a run, with how it ended.
// params: id, status
MATCH (r:Run {id: $id})
SET r.status = $status, r.finished = datetime()
REMOVE r.seen, r.content
