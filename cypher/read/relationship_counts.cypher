// How many relationships of each type does the zoo hold?
// params:
MATCH ()-[r:PRETRAINED_ON]->() RETURN 'PRETRAINED_ON' AS type, count(r) AS count
UNION ALL MATCH ()-[r:FINE_TUNED_ON]->() RETURN 'FINE_TUNED_ON' AS type, count(r) AS count
UNION ALL MATCH ()-[r:HAS_EMBEDDING]->() RETURN 'HAS_EMBEDDING' AS type, count(r) AS count
UNION ALL MATCH ()-[r:SIMILAR_TO]->() RETURN 'SIMILAR_TO' AS type, count(r) AS count
UNION ALL MATCH ()-[r:TRANSFERABILITY]->() RETURN 'TRANSFERABILITY' AS type, count(r) AS count
UNION ALL MATCH ()-[r:PREDICTED]->() RETURN 'PREDICTED' AS type, count(r) AS count
UNION ALL MATCH ()-[r:PUBLISHED]->() RETURN 'PUBLISHED' AS type, count(r) AS count
UNION ALL MATCH ()-[r:OF]->() RETURN 'OF' AS type, count(r) AS count
UNION ALL MATCH ()-[r:ON]->() RETURN 'ON' AS type, count(r) AS count
