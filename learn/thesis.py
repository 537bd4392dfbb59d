"""The thesis' learners by name (being written by another helper: see /tmp/learn/STATUS.md)."""
