// How many relationships of each type does the zoo hold?
// params:
MATCH ()-[r]->()
RETURN type(r) AS type, count(*) AS count
ORDER BY type
