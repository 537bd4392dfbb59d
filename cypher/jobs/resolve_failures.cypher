// Which earlier failures are settled, because the same could be read now?
// params: ids
MATCH (j:Job)
WHERE j.id IN $ids AND j.status = 'failed'
SET j.status = 'done', j.ended = datetime()
