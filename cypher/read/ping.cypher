// Does the store answer?
// params:
RETURN 1 AS answer
