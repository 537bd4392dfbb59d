// Everything about every Learner node, for a copy of the zoo: vectors and run stamps included.
// params:
MATCH (n:Learner)
RETURN n.id AS id, properties(n) AS properties
