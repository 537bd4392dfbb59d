// Which datasets does the zoo know, by id?
// params: hidden
MATCH (d:Dataset)
WHERE NOT coalesce(d.run, '') IN $hidden
RETURN d.id AS id ORDER BY id
