"""Tests of everything; what must be set before NumPy is first imported is set here."""

import os

# The tests' matrices are small: threads of BLAS that wait for one another take three times the
# processor, and on busy cores three times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
