// How many nodes of each label does the zoo hold?
// params:
MATCH (n:Model) RETURN 'Model' AS label, count(n) AS count
UNION ALL MATCH (n:Dataset) RETURN 'Dataset' AS label, count(n) AS count
UNION ALL MATCH (n:Embedding) RETURN 'Embedding' AS label, count(n) AS count
UNION ALL MATCH (n:Run) RETURN 'Run' AS label, count(n) AS count
UNION ALL MATCH (n:Learner) RETURN 'Learner' AS label, count(n) AS count
UNION ALL MATCH (n:Job) RETURN 'Job' AS label, count(n) AS count
