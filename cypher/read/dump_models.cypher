// Everything about every Model node, for a copy of the zoo: vectors and run stamps included.
// params:
MATCH (n:Model)
RETURN n.id AS id, properties(n) AS properties
