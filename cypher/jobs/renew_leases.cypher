// How many of these jobs does the owner still hold? Their leases are renewed.
// params: ids, owner, lease
MATCH (j:Job)
WHERE j.id IN $ids AND j.owner = $owner AND j.status = 'running'
SET j.lease_until = datetime() + duration({seconds: $lease})
RETURN count(j) AS held
