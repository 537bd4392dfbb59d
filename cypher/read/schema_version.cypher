// Which version of the schema does this store hold?
// params:
MATCH (z:Zoo {id: 'zoo'}) RETURN z.schema AS version
