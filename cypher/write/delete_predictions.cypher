// Remove one dataset's predictions of a run, so that writing them again doubles nothing.
// params: dataset, run
MATCH (d:Dataset {id: $dataset})<-[p:PREDICTED]-(:Model)
WHERE p.run = $run
DELETE p
