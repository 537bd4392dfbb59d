// Who holds running jobs?
// params:
MATCH (j:Job)
WHERE j.status = 'running'
RETURN DISTINCT j.owner AS owner
