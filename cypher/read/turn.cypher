// Which run of which process writes in bulk, and has its lease run out?
// params:
MATCH (z:Zoo {id: 'zoo'})
WHERE z.writer IS NOT NULL
RETURN z.writer AS run, z.writer_owner AS owner, z.writer_until < datetime() AS expired
