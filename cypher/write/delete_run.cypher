// Forget the run node itself.
// params: id
MATCH (r:Run {id: $id}) DELETE r
