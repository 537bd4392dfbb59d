// Every FINE_TUNED_ON relationship with all it carries, for a copy of the zoo.
// params:
MATCH (a:Model)-[r:FINE_TUNED_ON]->(b:Dataset)
RETURN a.id AS a, b.id AS b, properties(r) AS properties
