// Leave a mark that shows which other address leads to this very store.
// params: probe
MERGE (z:Zoo {id: 'zoo'})
SET z.probe = $probe
