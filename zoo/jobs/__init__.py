"""Jobs that fill the graph: fine-tuning, embedding and scoring, one process each.

Importing this package loads neither torch nor transformers: a worker does, inside its entry
function.
"""
