// Everything about every Dataset node, for a copy of the zoo: vectors and run stamps included.
// params:
MATCH (n:Dataset)
RETURN n.id AS id, properties(n) AS properties
