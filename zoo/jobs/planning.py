"""The plan is what the graph lacks: pairs of a model and a dataset without a result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import platformdirs

from graphdb import jobs as ledger
from graphdb.errors import ZooError, did_you_mean, listed, to_type
from graphdb.records import fine_tuning_id
from graphdb.store import Store
from zoo.hub.configs import DatasetConfig, config_of
from zoo.hub.failures import Failure
from zoo.jobs.pricing import Price, Pricing
from zoo.jobs.specs import DatasetSource, FineTuningSpec, ModelSource, Settings
from zoo.paths import one_by_one, path_of

Order = Literal["predicted", "cheap"]
Node = TypeVar("Node", ledger.Model, ledger.Dataset)
SOURCE = "jobs"


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks for; no names mean all that the zoo holds.

    ``places`` maps an id to the folder, file or hub id where it lies, for those whose record does
    not say it; ``configs`` holds datasets' configurations by id.
    """

    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    modality: str | None = None
    settings: Settings = field(default_factory=Settings)
    #: Only results of this seed count as present; None: any result of the method does.
    seed: int | None = None
    order: Order = "predicted"
    retry: bool = False
    max_samples: int | None = None
    trust_remote_code: bool = False
    allow_pickle: bool = False
    trackers: tuple[str, ...] = ()
    push_to_hub: str | None = None
    threads: int | None = None
    places: Mapping[str, str] = field(default_factory=dict)
    configs: Mapping[str, DatasetConfig] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what in ("models", "datasets", "trackers"):
            object.__setattr__(self, what, one_by_one(getattr(self, what), what=what))


@dataclass(frozen=True, slots=True)
class Planned:
    """A job that is missing, and what it should cost in seconds (None: nothing is like it)."""

    spec: FineTuningSpec
    seconds: float | None

    @property
    def command(self) -> str:
        """What to type to do this job alone."""
        words = ["--models", listed(self.spec.model.id)]
        words += ["--datasets", listed(self.spec.dataset.id), "--retry", "--seed"]
        words += [str(self.spec.settings.seed), *_options(self.spec.settings)]
        if self.spec.dataset.max_samples is not None:
            words += ["--max-samples", str(self.spec.dataset.max_samples)]
        allowed = ("trust_remote_code", "allow_pickle")
        words += [
            f"--{name.replace('_', '-')}" for name in allowed if getattr(self.spec.model, name)
        ]
        return to_type("ingest runs", options=words)

    def claim(self) -> ledger.Claim:
        spec = self.spec.model_dump(mode="json", exclude={"folder", "hold"}, exclude_defaults=True)
        arguments = json.dumps({"command": self.command, "spec": spec}, sort_keys=True)
        return ledger.Claim(
            self.spec.id, self.spec.kind, self.spec.model.id, self.spec.dataset.id, arguments
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """``jobs`` in the order in which they are claimed; ``running``: those that others are doing."""

    jobs: list[Planned]
    price: Price
    #: Pairs that already have a result, and that failed before.
    present: int
    failed: int
    running: list[Planned]
    #: Models and datasets of the zoo whose files nobody knows.
    unreachable: list[Failure]


def make_plan(store: Store, request: Request) -> Plan:
    """What to do for ``request``: pairs of one modality without a result of the method.

    A failed job comes back only with ``retry``, unless its process was killed; one of a live worker
    never does.

    Raises:
        ZooError: a named model or dataset that the zoo does not hold, or nothing to pair.
    """
    models, datasets = chosen(store, request)
    known = ledger.known_results(store, method=request.settings.method)
    states, dead = ledger.job_states(store), set(ledger.dead_owners(store))
    pricing, folder = Pricing(known), checkpoints()
    present = {(k.model, k.dataset) for k in known if request.seed in (None, k.seed)}
    jobs: list[Planned] = []
    running: list[Planned] = []
    unreachable, counts = {}, {"present": 0, "failed": 0}
    for dataset in datasets:
        for model in models:
            if model.modality != dataset.modality:
                continue
            if (model.id, dataset.id) in present:
                counts["present"] += 1
                continue
            try:
                spec = _spec(model, dataset, request, folder)
            except ZooError as error:
                name = model.id if model.id in str(error) else dataset.id
                unreachable[name] = str(error)
                continue
            planned = Planned(spec, pricing.seconds(model, dataset, request.settings))
            state = states.get(spec.id)
            if state is None or state.is_free(dead, retry=request.retry):
                jobs.append(planned)
            elif state.is_held(dead):
                running.append(planned)
            else:
                counts["failed"] += 1
    ordered = _ordered(store, jobs, datasets, request)
    price = pricing.total([job.seconds for job in ordered])
    failures = [Failure(name, reason) for name, reason in unreachable.items()]
    return Plan(ordered, price, **counts, running=running, unreachable=failures)


def chosen(store: Store, request: Request) -> tuple[list[ledger.Model], list[ledger.Dataset]]:
    """The models and datasets that a request names, or all. Raises ZooError for an unknown one."""
    models = ledger.find_models(store, modality=request.modality)
    datasets = ledger.find_datasets(store, modality=request.modality)
    return (
        _chosen(models, request.models, "model"),
        _chosen(datasets, request.datasets, "dataset"),
    )


def _chosen(found: list[Node], names: tuple[str, ...], kind: str) -> list[Node]:
    """The named ones, or all. Raises ZooError for a name that is not there."""
    by_id = {one.id: one for one in found}
    for name in names:
        if name not in by_id:
            raise ZooError(
                f"No {kind} '{name}' in the zoo.{did_you_mean(name, by_id)} "
                f"Add it first: {to_type(f'ingest {kind}s', name)}"
            )
    if not by_id:
        raise ZooError(f"The zoo holds no {kind}s. Add some first: zoo ingest {kind}s REF...")
    return [by_id[name] for name in names] if names else found


def _spec(
    model: ledger.Model, dataset: ledger.Dataset, request: Request, folder: Path
) -> FineTuningSpec:
    settings = request.settings
    identity = fine_tuning_id(
        SOURCE, model.id, dataset.id, settings.method, epochs=settings.epochs, seed=settings.seed,
        learning_rate=settings.rate, batch_size=settings.batch_size,
    )  # fmt: skip
    return FineTuningSpec(
        id=identity,
        model=ModelSource(
            id=model.id,
            address=place_of(model.id, model.source, request.places),
            revision=model.revision if model.source == "hub" else None,
            trust_remote_code=request.trust_remote_code,
            allow_pickle=request.allow_pickle,
        ),
        dataset=DatasetSource(
            id=dataset.id,
            reference=place_of(dataset.id, dataset.source, request.places),
            config=request.configs.get(dataset.id) or config_of(dataset.source),
            max_samples=request.max_samples,
            fingerprint=dataset.fingerprint,
            samples=dataset.samples,
        ),
        settings=settings,
        folder=folder / identity,
        trackers=request.trackers,
        push_to_hub=request.push_to_hub,
        threads=request.threads,
        hold=True,
    )


def checkpoints() -> Path:
    """Where jobs keep their checkpoints on this machine until they end."""
    return Path(platformdirs.user_cache_dir("transferzoo")) / "jobs"


def place_of(identity: str, source: str | None, places: Mapping[str, str]) -> str:
    """The folder, file or hub id of a model or dataset.

    Raises:
        ZooError: its record does not say where it lies.
    """
    if identity in places:
        return places[identity]
    if source == "hub":
        return identity
    if (path := path_of(source)) is not None:
        return path
    raise ZooError(
        f"{identity}: where its files lie is not known (source {source}); "
        "add it again by its hub id or folder"
    )


def _ordered(
    store: Store, jobs: list[Planned], datasets: Sequence[ledger.Dataset], request: Request
) -> list[Planned]:
    """Cheapest first, or best predicted first; what is unknown comes last, by id."""
    if request.order == "cheap":
        return sorted(jobs, key=lambda job: (job.seconds is None, job.seconds or 0, job.spec.id))
    names = [dataset.id for dataset in datasets]
    scores = ledger.predicted_scores(store, names, method=request.settings.method)

    def rank(job: Planned) -> tuple[float, str]:
        pair = (job.spec.model.id, job.spec.dataset.id)
        return -scores.get(pair, float("-inf")), job.spec.id

    return sorted(jobs, key=rank)


def _options(settings: Settings) -> list[str]:
    """The options that make these settings from the default recipe."""
    plain = Settings().model_dump()
    given = settings.model_dump(exclude={"seed"})
    words = []
    for name, value in given.items():
        if name == "augment" and value:
            words.append("--augment")
        elif value is not None and value != plain[name]:
            words += [f"--{name.replace('_', '-')}", str(value)]
    return words
