// Which modalities does the zoo hold, and how many datasets with results of a method in each?
// params: method
MATCH (d:Dataset)
WHERE EXISTS { MATCH (d)<-[r:FINE_TUNED_ON]-(:Model) WHERE r.method = $method }
RETURN d.modality AS modality, count(*) AS datasets
ORDER BY datasets DESC, modality
