"""``zoo ingest models | datasets | scores``: read, write, and keep what fails with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from graphdb import jobs as ledger
from graphdb.changes import Changes
from graphdb.errors import ZooError, to_type
from graphdb.histories import write_history
from graphdb.records import Dataset, History, Transferability
from graphdb.removal import preview_removal
from graphdb.runs import Provenance
from graphdb.store import Store
from learn.progress import Tell, silent
from zoo.hub.configs import DatasetConfig, config_of
from zoo.hub.failures import Failure
from zoo.hub.models import DescribedModel, describe_models
from zoo.hub.references import ModelReference, read_references
from zoo.jobs.counting import piece_of, tell_count
from zoo.jobs.launching import check_packages
from zoo.jobs.local import LocalLauncher
from zoo.jobs.patience import PATIENCE_SECONDS, PatientLedger
from zoo.jobs.planning import Request, chosen, place_of
from zoo.jobs.probing import Examined, examine_dataset, ingest_dataset
from zoo.jobs.specs import DatasetSource, ModelSource, ScoreSpec
from zoo.paths import one_by_one


@dataclass(frozen=True, slots=True)
class IngestedModels:
    models: tuple[DescribedModel, ...]
    failures: tuple[Failure, ...]
    changes: Changes


def ingest_models(
    store: Store,
    references: str | Sequence[str | ModelReference],
    *,
    allow_pickle: bool = False,
    tell: Tell = silent,
) -> IngestedModels:
    """Write the metadata of models; one that cannot be read is a failed job with its reason.

    Args:
        references: hub ids, folders, or files that list either.
    """
    references = _parsed(references)
    found, failures = describe_only(references, allow_pickle=allow_pickle, tell=tell)
    merged = _merged([one.history() for one in found])
    arguments = {"models": [str(reference) for reference in references]}
    changes = write_history(store, merged, provenance=Provenance("ingest models", arguments))
    _keep(store, "models", failures, [str(one.reference) for one in found])
    return IngestedModels(tuple(found), tuple(failures), changes)


def _parsed(given: str | Sequence[str | ModelReference]) -> list[ModelReference]:
    """Names as references; what is parsed already stays as it is."""
    parsed = [] if isinstance(given, str) else [o for o in given if isinstance(o, ModelReference)]
    names = given if isinstance(given, str) else [o for o in given if isinstance(o, str)]
    return [*parsed, *read_references(list(one_by_one(names, what="references")))]


def describe_only(
    references: Sequence[ModelReference],
    *,
    allow_pickle: bool = False,
    tell: Tell = silent,
) -> tuple[list[DescribedModel], list[Failure]]:
    """The models that can be read, and the others with their reasons; nothing is written."""
    found: list[DescribedModel] = []
    failures: list[Failure] = []
    for number, one in enumerate(describe_models(references, allow_pickle=allow_pickle), 1):
        if isinstance(one, Failure):
            failures.append(one)
        else:
            found.append(one)
        tell_count(tell, number, len(references))
    return found, failures


def _merged(histories: list[History]) -> History:
    """One history; a dataset that several models name comes once."""
    return History(
        models=list({m.id: m for history in histories for m in history.models}.values()),
        datasets=list({d.id: d for history in histories for d in history.datasets}.values()),
        pretrainings=list(
            {
                (p.model, p.dataset): p for history in histories for p in history.pretrainings
            }.values()
        ),
    )


@dataclass(frozen=True, slots=True)
class IngestedDatasets:
    datasets: tuple[Examined, ...]
    failures: tuple[Failure, ...]


def ingest_datasets(
    store: Store,
    references: str | Sequence[str],
    *,
    configs: dict[str, DatasetConfig] | None = None,
    config: DatasetConfig | None = None,
    name: str | None = None,
    max_samples: int | None = None,
    probe: str | None = None,
    alone: bool = True,
    threads: int | None = None,
    patience: float = PATIENCE_SECONDS,
    tell: Tell = silent,
) -> IngestedDatasets:
    """Write datasets with embedding and similarities, each as soon as it was looked at.

    Args:
        configs: configurations by reference; ``config`` is for all of them.
        alone: the probe looks in processes of their own.
        patience: seconds to wait for a store that goes away meanwhile.

    Raises:
        ZooError: one ``name`` for several datasets.
    """
    references = one_by_one(references, what="references")
    if name is not None and len(references) > 1:
        raise ZooError(f"--name {name} is for one dataset, {len(references)} were given")
    found, failures = [], []
    broken: dict[str, str] = {}
    with PatientLedger(store, patience=patience) as patient:
        for number, reference in enumerate(references):
            look = partial(
                examine_dataset, reference=reference,
                config=config or (configs or {}).get(reference), name=name,
                max_samples=max_samples, probe=probe, alone=alone, threads=threads, broken=broken,
                tell=piece_of(tell, number, len(references), name=reference),
            )  # fmt: skip
            try:
                one = patient.insist(look)
            except ZooError as error:
                if ledger.is_lost(error):
                    raise
                failures.append(Failure(reference, str(error).removeprefix(f"{reference}: ")))
            else:
                command = to_type("ingest datasets", reference)
                replaced = patient.insist(partial(_replaced, new=one.dataset))
                one = replace(one, notes=(*one.notes, *replaced))
                patient.insist(partial(ingest_dataset, examined=one, command=command))
                patient.insist(partial(_keep, what="datasets", failures=[], read=[reference]))
                found.append(one)
            tell_count(tell, number + 1, len(references))
        patient.insist(partial(_keep, what="datasets", failures=failures, read=[]))
    return IngestedDatasets(tuple(found), tuple(failures))


def _replaced(store: Store, new: Dataset) -> list[str]:
    """What to know where ``new`` takes the place of other rows, of which there are results."""
    old = next((one for one in ledger.find_datasets(store) if one.id == new.id), None)
    if old is None or old.fingerprint in (None, new.fingerprint):
        return []
    found = preview_removal(store, "dataset", new.id)
    results = found.get("FINE_TUNED_ON", 0) + found.get("TRANSFERABILITY", 0)
    if not results:
        return []
    rows = f"{old.samples or 0:,}, now {new.samples or 0:,}"
    return [
        f"{new.id} held other rows ({rows}): its results and scores so far ({results:,}) are of "
        f"those. To be rid of them: {to_type('forget', new.id)}, then add it again"
    ]


def _keep(store: Store, what: str, failures: Sequence[Failure], read: Sequence[str]) -> None:
    kind = f"ingest {what}"
    for failure in failures:
        command = to_type(f"ingest {what}", failure.reference)
        cause = what.removesuffix("s")
        ledger.record_failure(
            store, kind=kind, reference=failure.reference,
            reason=f"{failure.reference}: {failure.reason}", command=command, cause=cause,
        )  # fmt: skip
    ledger.resolve_failures(store, kind=kind, references=list(read))


def add_missing(
    store: Store,
    models: Sequence[str],
    datasets: Sequence[str],
    *,
    configs: dict[str, DatasetConfig] | None = None,
    tell: Tell = silent,
) -> tuple[tuple[str, ...], tuple[str, ...], list[Failure]]:
    """Ids in the zoo of what was named; a hub id or path that it does not know is added first.

    One that cannot be added is a Failure and left out.
    """
    known_models = {model.id for model in ledger.find_models(store)}
    known_datasets = {dataset.id for dataset in ledger.find_datasets(store)}
    unknown = [name for name in models if name not in known_models]
    added = ingest_models(store, read_references(unknown), tell=tell) if unknown else None
    new_models = [one.model.id for one in added.models] if added else []
    fresh = [name for name in datasets if name not in known_datasets]
    seen = ingest_datasets(store, fresh, configs=configs, tell=tell) if fresh else None
    new_datasets = [one.dataset.id for one in seen.datasets] if seen else []
    failures = [*(added.failures if added else ()), *(seen.failures if seen else ())]
    return (
        (*(name for name in models if name in known_models), *new_models),
        (*(name for name in datasets if name in known_datasets), *new_datasets),
        failures,
    )


@dataclass(frozen=True, slots=True)
class IngestedScores:
    """``written`` counts scores, ``failures`` pairs."""

    written: int
    failures: tuple[Failure, ...]


def ingest_scores(
    store: Store,
    request: Request,
    *,
    methods: str | Sequence[str],
    parallel: int = 1,
    dry_run: bool = False,
    patience: float = PATIENCE_SECONDS,
    tell: Tell = silent,
) -> IngestedScores:
    """Score every pair that lacks one of ``methods``; each is written as it ends.

    ``patience``: seconds to wait for a store that goes away meanwhile; what runs goes on.

    Raises:
        ZooError: no such estimator.
    """
    from learn.transferability import FEATURE_ESTIMATORS, OUTPUT_ESTIMATORS

    methods = one_by_one(methods, what="methods")
    names = [*FEATURE_ESTIMATORS, *OUTPUT_ESTIMATORS]
    for method in methods:
        if method not in names:
            raise ZooError(f"No estimator '{method}'; there are {', '.join(names)}")
    specs, failures = _score_plan(store, request, methods)
    if dry_run:
        return IngestedScores(sum(len(spec.methods) for spec in specs), tuple(failures))
    check_packages()
    provenance = Provenance("ingest scores", {"methods": list(methods)})
    written = 0
    with (
        PatientLedger(store, patience=patience) as patient,
        LocalLauncher(parallel=parallel) as launcher,
    ):
        for number, finished in enumerate(launcher.run(specs), 1):
            pair = f"{finished.spec.model.id} on {finished.spec.dataset.id}"
            if finished.outcome.status == "failed":
                failures.append(Failure(pair, finished.outcome.reason or "no reason"))
            else:
                rows = list(
                    _rows(finished.spec, finished.outcome.metrics, finished.outcome.seconds)
                )
                found = History(transferabilities=rows)
                patient.insist(partial(write_history, history=found, provenance=provenance))
                written += len(rows)
            tell_count(tell, number, len(specs))
    return IngestedScores(written, tuple(failures))


def _rows(spec: ScoreSpec, metrics: dict[str, float], seconds: float) -> Iterator[Transferability]:
    for method, score in metrics.items():
        yield Transferability(spec.model.id, spec.dataset.id, method, score, seconds)


def _score_plan(
    store: Store, request: Request, methods: Sequence[str]
) -> tuple[list[ScoreSpec], list[Failure]]:
    known = ledger.known_scores(store, methods)
    models, datasets = chosen(store, request)
    specs, failures = [], {}
    for dataset in datasets:
        for model in models:
            missing = tuple(m for m in methods if (model.id, dataset.id, m) not in known)
            if model.modality != dataset.modality or not missing:
                continue
            try:
                specs.append(_score_spec(model, dataset, request, missing))
            except ZooError as error:
                failures[str(error)] = Failure(f"{model.id} on {dataset.id}", str(error))
    return specs, list(failures.values())


def _score_spec(
    model: ledger.Model, dataset: ledger.Dataset, request: Request, methods: tuple[str, ...]
) -> ScoreSpec:
    address = place_of(model.id, model.source, request.places)
    return ScoreSpec(
        id=ledger.failure_id("score", f"{model.id} on {dataset.id}"),
        model=ModelSource(
            id=model.id, address=address,
            revision=model.revision if model.source == "hub" else None,
            trust_remote_code=request.trust_remote_code, allow_pickle=request.allow_pickle,
        ),
        dataset=DatasetSource(
            id=dataset.id,
            reference=place_of(dataset.id, dataset.source, request.places),
            config=request.configs.get(dataset.id) or config_of(dataset.source),
            max_samples=request.max_samples,
            fingerprint=dataset.fingerprint,
            samples=dataset.samples,
        ),
        methods=methods,
        settings=request.settings,
        threads=request.threads,
    )  # fmt: skip
