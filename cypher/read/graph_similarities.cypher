// How similar are a modality's datasets, grouped by measure and probe model?
// params: modality, hidden
MATCH (a:Dataset)-[r:SIMILAR_TO]->(b:Dataset)
WHERE (a.modality = $modality OR a.modality IS NULL) AND NOT coalesce(r.run, '') IN $hidden
RETURN r.measure AS measure, r.probe AS probe, collect([a.id, b.id, r.value]) AS records
