"""Models and datasets as the graph records them, read from hubs, folders and files.

Nothing here loads torch, weights or anybody's code.
"""

from zoo.hub.configs import DatasetConfig, read_configs
from zoo.hub.datasets import DescribedDataset, LoadedDataset, describe_dataset, load_dataset
from zoo.hub.failures import Failure
from zoo.hub.models import DescribedModel, describe_model, describe_models
from zoo.hub.references import ModelReference, read_references

__all__ = [
    "DatasetConfig",
    "DescribedDataset",
    "DescribedModel",
    "Failure",
    "LoadedDataset",
    "ModelReference",
    "describe_dataset",
    "describe_model",
    "describe_models",
    "load_dataset",
    "read_configs",
    "read_references",
]
