// Remember which version of the schema this store holds; it only grows.
// params: version
MERGE (z:Zoo {id: 'zoo'})
WITH z WHERE z.schema IS NULL OR z.schema < $version
SET z.schema = $version
