// Which datasets does the zoo know, by id?
// params:
MATCH (d:Dataset) RETURN d.id AS id ORDER BY id
