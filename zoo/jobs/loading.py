"""What a job needs at hand: the hub, and the dataset that the graph knows by that name."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

from graphdb.errors import to_type
from zoo.hub.configs import DatasetConfig
from zoo.hub.datasets import LoadedDataset, load_dataset, predefined
from zoo.hub.failures import told_as_zoo_error
from zoo.hub.fingerprints import fingerprint
from zoo.hub.reaching import offline_where_unreachable
from zoo.jobs.failures import JobError
from zoo.jobs.specs import DatasetSource, ModelSource
from zoo.paths import local_folder

#: What a command can say of a configuration; a file says the rest.
_OPTIONS = ("label", "text", "text_pair", "image")


def hub_of(model: ModelSource) -> AbstractContextManager[None]:
    """As long as the block lasts nothing waits for a hub that cannot be reached."""
    return nullcontext() if is_local(model) else offline_where_unreachable()


def is_local(model: ModelSource) -> bool:
    """Whether its files are a folder's, and not the hub's."""
    return Path(model.address).is_absolute() or local_folder(model.address) is not None


def load_source(source: DatasetSource) -> LoadedDataset:
    """The dataset of a job, capped as it is told.

    Raises:
        ZooError: it cannot be read.
        JobError: its content is not that of which the graph keeps the fingerprint.
    """
    loaded = load_dataset(source.reference, config=source.config, max_samples=source.max_samples)
    if source.fingerprint is not None:
        _check(loaded, source)
    return loaded


def _check(loaded: LoadedDataset, source: DatasetSource) -> None:
    with told_as_zoo_error(loaded.reference):
        parts, classes, where = loaded.whole, loaded.classes, loaded.reference
        if fingerprint(parts, classes, where=where, decode=False) == source.fingerprint:
            return
        fingerprint(parts, classes, where=where)  # names the images that are broken
    then = f"{source.samples:,} then, " if source.samples is not None else ""
    raise JobError(
        "dataset",
        f"{source.reference}: its rows are not those that the zoo knows as {source.id} ({then}"
        f"{loaded.samples:,} now); {_advice(source)}",
    )


def _advice(source: DatasetSource) -> str:
    """An id that was made of the fingerprint names the old rows for ever; another one may be given
    to the new ones."""
    options = _options(source)
    adding = partial(to_type, "ingest datasets", source.reference)
    if source.id.endswith(f"-{(source.fingerprint or '')[:8]}"):
        return f"add these as well: {adding(options=options)}"
    other = adding(options=[*options, "--name", f"{source.id}-2"])
    same = adding(options=[*options, "--name", source.id])
    return f"add these beside them: {other}, or in their place: {same} (then --retry this job)"


def _options(source: DatasetSource) -> list[str]:
    config = source.config or DatasetConfig()
    if config == predefined(source.reference):
        return []
    given = config.reading()
    words = [f"--{name.replace('_', '-')}={given[name]}" for name in _OPTIONS if name in given]
    return words + (["--config=FILE.toml"] if given.keys() - set(_OPTIONS) else [])
