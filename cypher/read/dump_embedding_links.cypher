// Every HAS_EMBEDDING relationship with all it carries, for a copy of the zoo.
// params:
MATCH (a:Dataset)-[r:HAS_EMBEDDING]->(b:Embedding)
RETURN a.id AS a, b.id AS b, properties(r) AS properties
