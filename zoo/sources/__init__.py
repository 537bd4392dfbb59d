"""Where histories come from: TransferGraph's files, record bundles, a seeded generator."""

from zoo.sources.bundle import read_bundle
from zoo.sources.export import write_bundle
from zoo.sources.refusals import BundleError

__all__ = ["BundleError", "read_bundle", "write_bundle"]
