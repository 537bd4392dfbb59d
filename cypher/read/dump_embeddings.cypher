// Everything about every Embedding node, for a copy of the zoo: vectors and run stamps included.
// params:
MATCH (n:Embedding)
RETURN n.id AS id, properties(n) AS properties
