// How many models of a published run fall outside each limit?
// params: dataset, run, max_parameters, max_memory, license, family, allow_unknown
MATCH (d:Dataset {id: $dataset})<-[p:PREDICTED]-(m:Model)
WHERE p.run = $run
WITH count(*) AS total,
     sum(CASE WHEN $max_parameters IS NULL OR m.parameters <= $max_parameters
         OR $allow_unknown AND m.parameters IS NULL THEN 0 ELSE 1 END) AS parameters,
     sum(CASE WHEN $max_memory IS NULL OR m.memory_bytes <= $max_memory
         OR $allow_unknown AND m.memory_bytes IS NULL THEN 0 ELSE 1 END) AS memory,
     sum(CASE WHEN $license IS NULL OR toLower(m.license) = toLower($license)
         OR $allow_unknown AND m.license IS NULL THEN 0 ELSE 1 END) AS license,
     sum(CASE WHEN $family IS NULL OR toLower(m.family) = toLower($family)
         OR $allow_unknown AND m.family IS NULL THEN 0 ELSE 1 END) AS family,
     sum(CASE WHEN ($max_parameters IS NULL OR m.parameters <= $max_parameters
                OR $allow_unknown AND m.parameters IS NULL)
           AND ($max_memory IS NULL OR m.memory_bytes <= $max_memory
                OR $allow_unknown AND m.memory_bytes IS NULL)
           AND ($license IS NULL OR toLower(m.license) = toLower($license)
                OR $allow_unknown AND m.license IS NULL)
           AND ($family IS NULL OR toLower(m.family) = toLower($family)
                OR $allow_unknown AND m.family IS NULL) THEN 1 ELSE 0 END) AS passing
RETURN total, passing, parameters, memory, license, family
