"""Jobs that only look: a dataset's embedding by a probe, a model's transferability scores."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphdb.errors import to_type
from zoo.hub.datasets import LoadedDataset
from zoo.jobs.counting import Rows
from zoo.jobs.embedding import embed, load_probe, represent, walk
from zoo.jobs.failures import JobError, failure
from zoo.jobs.loading import hub_of, load_source
from zoo.jobs.machine import device_name, peak_memory, prepare_machine, versions
from zoo.jobs.networks import load_classifier
from zoo.jobs.specs import EmbeddingSpec, ModelSource, Outcome, ScoreSpec
from zoo.jobs.vectors import EmbeddingCache


def embed_job(
    spec: EmbeddingSpec,
    data: LoadedDataset | None = None,
    *,
    tell: Rows = lambda seen, most: None,
) -> Outcome:
    """Put the dataset's vectors into the cache; what goes wrong is an outcome.

    ``data`` is the dataset where it was read already.
    """

    def work() -> dict[str, float]:
        prepare_machine(threads=spec.threads, seed=spec.settings.seed)
        rows = load_source(spec.dataset) if data is None else data
        probe = load_probe(spec.probe, modality=rows.modality, settings=spec.settings)
        others = None if spec.others is None else np.load(spec.others, allow_pickle=False)
        result = embed(
            rows, probe, settings=spec.settings, others=others, most=spec.most,
            within=spec.within, tell=tell,
        )  # fmt: skip
        EmbeddingCache(spec.cache).put(spec.fingerprint, spec.probe.id, result)
        return {"samples": float(result.samples), "embedding_seconds": result.seconds}

    other = to_type("ingest datasets", spec.dataset.reference, options=["--probe", "MODEL"])
    return _told(work, spec.probe, advice=f"another probe may: {other}")


def score_job(spec: ScoreSpec) -> Outcome:
    """Compute the features once and every estimator from them."""
    return _told(lambda: _scores(spec), spec.model)


def _scores(spec: ScoreSpec) -> dict[str, float]:
    from learn.transferability import FEATURE_ESTIMATORS, OUTPUT_ESTIMATORS

    prepare_machine(threads=spec.threads, seed=spec.settings.seed)
    data = load_source(spec.dataset)
    found: dict[str, float] = {}
    wanted = [name for name in spec.methods if name in FEATURE_ESTIMATORS]
    if wanted:
        features, labels = _features(spec, data)
        found |= {name: FEATURE_ESTIMATORS[name](features, labels) for name in wanted}
    wanted = [name for name in spec.methods if name in OUTPUT_ESTIMATORS]
    if wanted:
        outputs, labels = _outputs(spec, data)
        found |= {name: OUTPUT_ESTIMATORS[name](outputs, labels) for name in wanted}
    return {name: _finite(name, value) for name, value in found.items()}


def _finite(name: str, value: float) -> float:
    if not np.isfinite(value):
        raise JobError("model", f"{name} is not finite: the features are constant or diverge")
    return value


Arrays = tuple[NDArray[np.float64], NDArray[np.int64]]


def _features(spec: ScoreSpec, data: LoadedDataset) -> Arrays:
    probe = load_probe(spec.model, modality=data.modality, settings=spec.settings)
    return _collect(spec, data, probe, lambda batch: represent(probe.model, batch))


def _outputs(spec: ScoreSpec, data: LoadedDataset) -> Arrays:
    network = load_classifier(spec.model, modality=data.modality, settings=spec.settings)
    return _collect(
        spec, data, network, lambda batch: network.model(**batch).logits.softmax(dim=-1)
    )


def _collect(
    spec: ScoreSpec, data: LoadedDataset, network: Any, look: Callable[[Any], Any]
) -> Arrays:
    rows = len(data.splits["train"])
    order = np.random.default_rng(spec.settings.seed).permutation(rows)[: spec.most]
    pairs = list(walk(data, network, order, settings=spec.settings, look=look))
    features = np.concatenate([features for features, _ in pairs])
    if not np.isfinite(features).all():
        raise JobError("model", "the model's features are not finite")
    return features, np.concatenate([labels for _, labels in pairs])


def _told(
    work: Callable[[], dict[str, float]], model: ModelSource, *, advice: str | None = None
) -> Outcome:
    started = time.perf_counter()
    try:
        with hub_of(model):
            metrics = work()
    except Exception as error:
        return failure(error, started=started, advice=advice)
    return Outcome(
        status="done",
        seconds=time.perf_counter() - started,
        metrics=metrics,
        device=device_name(),
        peak_memory_bytes=peak_memory(),
        versions=versions(),
    )
