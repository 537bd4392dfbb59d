// Which fine-tunings does the zoo hold, one row a dataset with its records as lists?
// params: hidden
MATCH (d:Dataset)<-[r:FINE_TUNED_ON]-(m:Model)
WHERE NOT coalesce(r.run, '') IN $hidden
WITH d, m, r ORDER BY m.id, r.id
RETURN d.id AS dataset,
       ['model', 'id', 'value', 'metric', 'method', 'epochs', 'learning_rate', 'batch_size',
        'seed', 'seconds', 'device', 'peak_memory_bytes'] AS keys,
       collect([m.id, r.id, r.value, r.metric, r.method, r.epochs, r.learning_rate, r.batch_size,
                r.seed, r.seconds, r.device, r.peak_memory_bytes]) AS records
ORDER BY dataset
