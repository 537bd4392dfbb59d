// Which models does the zoo know, by id?
// params:
MATCH (m:Model) RETURN m.id AS id ORDER BY id
