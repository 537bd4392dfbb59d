"""Where histories come from: TransferGraph's files, record bundles, a seeded generator."""

from zoo.sources.bundle import Progress, read_bundle
from zoo.sources.export import write_bundle
from zoo.sources.history import Reading, read_history
from zoo.sources.refusals import BundleError
from zoo.sources.synthetic import generate_history, generate_subgraph

__all__ = [
    "BundleError",
    "Progress",
    "Reading",
    "generate_history",
    "generate_subgraph",
    "read_bundle",
    "read_history",
    "write_bundle",
]
