// Runs of the last week, and the datasets whose predictions they published
// params:
MATCH (r:Run)
WHERE r.started >= datetime() - duration('P7D')
WITH r ORDER BY r.started DESC LIMIT 8
OPTIONAL MATCH (l:Learner)-[q:PUBLISHED]->(d:Dataset)
WHERE q.run = r.id
WITH r, l, q, d ORDER BY d.id
WITH r, collect([l, q, d])[..2] AS published
UNWIND published AS one
RETURN r, one[0] AS learner, one[1] AS link, one[2] AS dataset
