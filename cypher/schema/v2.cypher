// Version 2: runs that have not ended are found without looking at every run.
// params:
CREATE INDEX run_status IF NOT EXISTS FOR (n:Run) ON (n.status);
