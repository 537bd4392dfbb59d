// Every PREDICTED relationship with all it carries, for a copy of the zoo.
// params:
MATCH (a:Model)-[r:PREDICTED]->(b:Dataset)
RETURN a.id AS a, b.id AS b, properties(r) AS properties
