// Write a learner and, where it is to be, make it the default of its modality and method.
// params: id, default, properties
MERGE (l:Learner {id: $id})
ON CREATE SET l.trained = datetime()
SET l += $properties
WITH l
OPTIONAL MATCH (other:Learner {modality: l.modality, method: l.method})
WHERE $default AND other.id <> l.id
SET other.default = false
WITH DISTINCT l
SET l.default = coalesce(l.default, false) OR $default
