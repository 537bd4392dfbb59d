// Take the zoo's write lock until the transaction ends: who starts a large import goes one by one.
// params: run
MERGE (z:Zoo {id: 'zoo'})
SET z.lock = $run
