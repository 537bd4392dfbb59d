// May this run write in bulk now? Only one does at a time; no row means not yet.
// params: run, owner, seconds, over
MERGE (z:Zoo {id: 'zoo'})
SET z.lock = $run
WITH z
WHERE z.writer IS NULL OR z.writer = $run OR z.writer_until < datetime()
   OR z.writer IN $over
SET z.writer = $run, z.writer_owner = $owner,
    z.writer_until = datetime() + duration({seconds: $seconds})
RETURN z.writer AS writer
