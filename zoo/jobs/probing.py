"""A dataset seen by the history's own probe: its metadata, embedding and similarities at once."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs

from graphdb import jobs as ledger
from graphdb.errors import ZooError, to_type
from graphdb.histories import write_history
from graphdb.records import Dataset, Embedding, History, Similarity
from graphdb.runs import Provenance
from graphdb.store import Store
from learn.progress import Tell, silent
from zoo.hub.configs import DatasetConfig
from zoo.hub.datasets import load_dataset, record_of
from zoo.hub.reaching import why_absent
from zoo.jobs.counting import Rows, read_count, rows_of
from zoo.jobs.loading import is_local
from zoo.jobs.local import LocalLauncher
from zoo.jobs.planning import place_of
from zoo.jobs.similarity import similarities
from zoo.jobs.specs import DatasetSource, EmbeddingSpec, ModelSource, Outcome, Settings
from zoo.jobs.vectors import EmbeddingCache, ProbeResult
from zoo.outputs import in_scratch

#: Where the history has no probe of its own: the thesis' image probe, a small sentence model.
DEFAULT_PROBES = {
    "image": "google/vit-base-patch16-224-in21k",
    "text": "sentence-transformers/all-MiniLM-L6-v2",
}


@dataclass(frozen=True, slots=True)
class Examined:
    """A dataset as the graph would hold it; ``notes`` say what is missing and why."""

    dataset: Dataset
    embeddings: tuple[Embedding, ...]
    similarities: tuple[Similarity, ...]
    notes: tuple[str, ...]
    seconds: float

    def history(self) -> History:
        """What is written; the other ends of the similarities are stored already."""
        return History(
            datasets=[self.dataset],
            similarities=list(self.similarities),
            embeddings=list(self.embeddings),
        )


def examine_dataset(
    store: Store,
    reference: str,
    *,
    config: DatasetConfig | None = None,
    name: str | None = None,
    max_samples: int | None = None,
    probe: str | None = None,
    within: float | None = None,
    alone: bool = True,
    cache: Path | None = None,
    threads: int | None = None,
    broken: dict[str, str] | None = None,
    check: Callable[[str], None] | None = None,
    tell: Tell = silent,
) -> Examined:
    """Look at a dataset without storing anything.

    The embedding comes from the probe that saw most datasets of the zoo, so that it compares with
    them; it is taken from the cache where the same content was seen before. Where the probe cannot
    be had the dataset comes back without embedding, and a note says why.

    Args:
        probe: a model's id, hub id or folder in place of the history's own.
        within: share of a distance to others that may be left open; what the zoo holds of this very
            content serves as well. None: as many rows as make the neighbours certain.
        alone: the probe looks in a process of its own, which gives its memory back; False: in this
            one, for a command that has torch in memory anyway and the dataset read.
        broken: probes that could not be loaded, with the reason: none is tried for each dataset.
        check: called with the modality before the probe looks; what it raises ends the examination.

    Raises:
        ZooError: the dataset itself cannot be read.
    """
    started = time.perf_counter()
    broken = {} if broken is None else broken
    tell(0.0, "reading")
    loaded = load_dataset(reference, config=config, max_samples=max_samples)
    if check is not None:
        check(loaded.modality)
    dataset = record_of(loaded, name=name)
    notes: list[str] = []
    embeddings: tuple[Embedding, ...] = ()
    links: tuple[Similarity, ...] = ()
    try:
        chosen = choose_probe(store, loaded.modality, probe)
        if chosen.id in broken:
            raise ZooError(broken[chosen.id])
        seen = ledger.probe_embeddings(store, chosen.id)
        others = [e for e in seen if e.dataset != dataset.id]
        folder = cache or Path(platformdirs.user_cache_dir("transferzoo")) / "embeddings"
        job = EmbeddingSpec(
            id=f"embedding-{dataset.fingerprint}",
            dataset=DatasetSource(
                id=dataset.id, reference=reference, config=config,
                fingerprint=dataset.fingerprint, samples=dataset.samples,
            ),
            fingerprint=str(dataset.fingerprint),
            modality=loaded.modality,
            probe=chosen,
            cache=folder,
            within=within,
            settings=Settings(),
            threads=threads,
        )  # fmt: skip
        whole = loaded if max_samples is None else None

        def look(job: EmbeddingSpec) -> Outcome:
            tell(0.0, f"loading {chosen.id}")
            count = rows_of(tell)
            if alone:
                return run_alone(job, tell=count)
            from zoo.jobs.forward import embed_job

            return embed_job(job, whole, tell=count)

        if within is not None and _is_stored(store, dataset):
            embeddings = tuple(e for e in seen if e.dataset == dataset.id)
        if not embeddings:
            result = _embed(job, others, look, broken)
            embeddings = tuple(result.embeddings(dataset.id, chosen.id))
        links = tuple(link for new in embeddings for link in similarities(new, others))
        if not others:
            notes.append(f"No other dataset was seen by {chosen.id}: there is nothing to compare")
    except ZooError as error:
        if ledger.is_lost(error):
            raise
        notes.append(f"Without similarity: {error}")
    seconds = time.perf_counter() - started
    return Examined(dataset, embeddings, links, tuple(notes), seconds)


def ingest_dataset(store: Store, examined: Examined, *, command: str) -> None:
    """Write an examined dataset with its embedding and similarities."""
    provenance = Provenance("ingest datasets", {"dataset": examined.dataset.id, "command": command})
    write_history(store, examined.history(), provenance=provenance)


def choose_probe(store: Store, modality: str, probe: str | None = None) -> ModelSource:
    """The named probe, else the one whose vectors the zoo holds most of, else a default.

    Raises:
        ZooError: the history's probe has no vectors here, or its files are not at hand.
    """
    found = ledger.find_probes(store, modality=modality)
    if probe is None and not found:
        compared = ledger.compared_probes(store, modality=modality)
        if compared:
            raise ZooError(
                f"this history's similarities are by {compared[0]}, whose vectors it does not hold"
            )
    identity = probe or (found[0] if found else DEFAULT_PROBES[modality])
    models = {model.id: model for model in ledger.find_models(store)}
    known = models.get(identity)
    if known is not None:
        return ModelSource(id=identity, address=_place(identity, known.source),
                           revision=known.revision if known.source == "hub" else None)  # fmt: skip
    return ModelSource(id=identity, address=_place(identity, "hub"))


def _is_stored(store: Store, dataset: Dataset) -> bool:
    """Whether the zoo holds this very content under that id."""
    return any(
        r["fingerprint"] == dataset.fingerprint for r in store.read("dataset", id=dataset.id)
    )


def _place(identity: str, source: str | None) -> str:
    if identity.startswith("mini/"):
        from zoo.mini.building import probe_folder

        return str(probe_folder(identity))
    return place_of(identity, source, {})


def _embed(
    job: EmbeddingSpec,
    others: list[Embedding],
    run: Callable[[EmbeddingSpec], Outcome],
    broken: dict[str, str],
) -> ProbeResult:
    cache = EmbeddingCache(job.cache)
    kept = cache.get(job.fingerprint, job.probe.id, within=job.within)
    if kept is not None:
        return kept
    if not is_local(job.probe):
        reason = why_absent(job.probe.address, revision=job.probe.revision)
        if reason is not None:
            again = to_type("ingest datasets", job.dataset.reference)
            raise ZooError(f"the probe {job.probe.id} is not there: {reason}; with it: {again}")
    known = [other.vector for other in others if other.method == "domain"]
    with in_scratch():
        scratch = tempfile.TemporaryDirectory()
    with scratch as folder:
        job = job.model_copy(update={"counter": Path(folder) / "rows"})
        if known:
            path = Path(folder) / "others.npy"
            np.save(path, np.stack(known).astype(np.float64))
            job = job.model_copy(update={"others": path})
        outcome = run(job)
        loaded = read_count(Path(folder) / "rows") is not None
    result = cache.get(job.fingerprint, job.probe.id, within=job.within)
    if outcome.status == "failed" or result is None:
        reason = f"the probe {job.probe.id} could not look at it: {outcome.reason}"
        if outcome.cause == "model" and not loaded:
            broken[job.probe.id] = reason
        raise ZooError(reason)
    return result


def run_alone(job: EmbeddingSpec, *, tell: Rows) -> Outcome:
    """In a process of its own, which reads the dataset itself and gives its memory back."""
    told: list[tuple[int, int]] = []

    def beat() -> None:
        count = read_count(job.counter) if job.counter else None
        if count and told[-1:] != [count]:
            told.append(count)
            tell(*count)

    with LocalLauncher(preload=False, beat=beat) as launcher:
        [finished] = launcher.run([job])
    return finished.outcome
