// How did a job end? No row where another owner has taken it over; told twice it ends once.
// params: id, owner, status, error, cause, seconds, device, peak_memory_bytes
MATCH (j:Job {id: $id})
WHERE j.owner = $owner AND j.status IN ['running', $status]
SET j.status = $status, j.error = $error, j.cause = $cause, j.seconds = $seconds,
    j.device = $device, j.peak_memory_bytes = $peak_memory_bytes,
    j.ended = datetime(), j.lease_until = NULL
RETURN j.id AS id
