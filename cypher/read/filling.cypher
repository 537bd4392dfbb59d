// Is a copy being written into this store, and which?
// params:
MATCH (z:Zoo {id: 'zoo'}) WHERE z.filling IS NOT NULL RETURN z.filling AS token
