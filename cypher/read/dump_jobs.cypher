// Everything about every Job node, for a copy of the zoo: vectors and run stamps included.
// params:
MATCH (n:Job)
RETURN n.id AS id, properties(n) AS properties
