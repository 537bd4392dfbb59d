// Remove the embeddings of a dataset that goes.
// params: id
MATCH (:Dataset {id: $id})-[:HAS_EMBEDDING]->(e:Embedding)
DETACH DELETE e
