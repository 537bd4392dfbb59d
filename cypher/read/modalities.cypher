// Which modalities does the zoo hold, and how many datasets with results of a method in each?
// params: method
OPTIONAL MATCH (u:Run {status: 'running'}) WHERE u.content IS NOT NULL
WITH collect(u.id) AS hidden
MATCH (d:Dataset)
WHERE EXISTS { MATCH (d)<-[r:FINE_TUNED_ON]-(:Model)
  WHERE r.method = $method AND NOT coalesce(r.run, '') IN hidden }
RETURN d.modality AS modality, count(*) AS datasets
ORDER BY datasets DESC, modality
