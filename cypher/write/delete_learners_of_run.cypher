// Undo what a run wrote: its learner.
// params: run
MATCH (l:Learner {run: $run})
DETACH DELETE l
