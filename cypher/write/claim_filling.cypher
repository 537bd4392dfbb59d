// Mark a store as one that a copy is being written into, so that the copy can be gone on with.
// params: token
MERGE (z:Zoo {id: 'zoo'})
SET z.filling = $token
