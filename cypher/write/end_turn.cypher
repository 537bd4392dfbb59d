// Let the next one write in bulk.
// params: run
MATCH (z:Zoo {id: 'zoo'})
WHERE z.writer = $run
REMOVE z.writer, z.writer_owner, z.writer_until
