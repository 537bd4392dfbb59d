// Keep that something could not be read, and why.
// params: id, kind, error, cause, seconds, arguments, owner
MERGE (j:Job {id: $id})
SET j.kind = $kind, j.status = 'failed', j.error = $error, j.cause = $cause, j.seconds = $seconds,
    j.arguments = $arguments, j.owner = $owner, j.claimed = datetime(), j.ended = datetime(),
    j.attempts = coalesce(j.attempts, 0) + 1
