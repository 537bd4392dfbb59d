// How similar are the datasets?
// params: hidden
MATCH (a:Dataset)-[r:SIMILAR_TO]->(b:Dataset)
WHERE NOT coalesce(r.run, '') IN $hidden
RETURN a.id AS dataset_a, b.id AS dataset_b, r.value AS value, r.measure AS measure,
       r.probe AS probe, r.original AS original
ORDER BY dataset_a, dataset_b, measure, probe
