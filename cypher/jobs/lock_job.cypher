// Which node stands for a job? Writing to it keeps every other claim out until we commit.
// params: id, owner
MERGE (j:Job {id: $id})
SET j.lock = $owner
RETURN j.id AS id
