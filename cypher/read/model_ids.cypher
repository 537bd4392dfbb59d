// Which models does the zoo know, by id?
// params: hidden
MATCH (m:Model)
WHERE NOT coalesce(m.run, '') IN $hidden
RETURN m.id AS id ORDER BY id
