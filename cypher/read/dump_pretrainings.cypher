// Every PRETRAINED_ON relationship with all it carries, for a copy of the zoo.
// params:
MATCH (a:Model)-[r:PRETRAINED_ON]->(b:Dataset)
RETURN a.id AS a, b.id AS b, properties(r) AS properties
