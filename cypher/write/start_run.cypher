// Begin a run: the provenance of everything a command writes.
// params: id, kind, arguments, versions, owner, content
MERGE (r:Run {id: $id})
ON CREATE SET r.started = datetime()
SET r.kind = $kind, r.status = 'running', r.arguments = $arguments, r.versions = $versions,
    r.owner = $owner, r.content = $content, r.seen = datetime()
