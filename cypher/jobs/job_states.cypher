// Which jobs were ever claimed, and could they be claimed now?
// params:
MATCH (j:Job)
RETURN j.id AS id, j.status AS status, j.attempts AS attempts, j.owner AS owner, j.cause AS cause,
       coalesce(j.lease_until < datetime(), false) AS expired
