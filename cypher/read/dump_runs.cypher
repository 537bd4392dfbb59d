// Everything about every Run node, for a copy of the zoo: vectors and run stamps included.
// params:
MATCH (n:Run)
RETURN n.id AS id, properties(n) AS properties
