// Every SIMILAR_TO relationship with all it carries, for a copy of the zoo.
// params:
MATCH (a:Dataset)-[r:SIMILAR_TO]->(b:Dataset)
RETURN a.id AS a, b.id AS b, properties(r) AS properties
