// How many nodes of each label does the zoo hold?
// params:
MATCH (n)
WHERE any(label IN labels(n) WHERE label IN
  ['Model', 'Dataset', 'Embedding', 'Run', 'Learner', 'Job'])
RETURN labels(n)[0] AS label, count(*) AS count
ORDER BY label
