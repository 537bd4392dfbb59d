"""The ledger of jobs: who does what, until when, and how it ended.

What is pending is what the graph lacks; a :Job exists from its claim on. A claim first writes to
the job's node, which keeps other claims out, and then looks whether it is free. Leases run by the
database's clock; a job of a dead worker is free when its lease ends, and at once where the worker
was a process of this machine.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from graphdb.address import Address
from graphdb.batches import write_batch
from graphdb.driver import exceptions
from graphdb.embedded import find_served
from graphdb.errors import ZooError
from graphdb.records import Embedding, FineTuning, History, digest
from graphdb.rows import TABLES
from graphdb.runs import Provenance, is_dead, owner, record_run
from graphdb.store import Store, Transaction

#: Seconds a worker may stay silent.
LEASE_SECONDS = 120
#: A job whose process was killed is taken again without being asked for, this often in all.
MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker wants to do: ``arguments`` is JSON text that says how to repeat it."""

    id: str
    kind: str
    model: str
    dataset: str
    arguments: str


@dataclass(frozen=True, slots=True)
class JobState:
    id: str
    status: str | None
    attempts: int | None
    owner: str | None
    #: Which side failed: "model", "dataset", "process", ...
    cause: str | None
    #: Its lease has ended by the database's clock.
    expired: bool

    @property
    def has_ended(self) -> bool:
        return self.status in ("done", "failed")

    def is_held(self, dead: Collection[str]) -> bool:
        """Somebody does it who is none of those that are ``dead``, as far as is known."""
        return self.status == "running" and not (self.expired or self.owner in dead)

    def is_free(self, dead: Collection[str], *, retry: bool) -> bool:
        """Whether :func:`claim_job` grants it now, unless its result is there.

        A process that died says nothing of its job, unless it happens again and again.
        """
        if self.status == "failed":
            return retry or (self.cause == "process" and (self.attempts or 0) < MOST_ATTEMPTS)
        return not self.is_held(dead)


@dataclass(frozen=True, slots=True)
class Model:
    """What planning needs to know of a model."""

    id: str
    modality: str | None
    parameters: int | None
    source: str | None
    revision: str | None


@dataclass(frozen=True, slots=True)
class Dataset:
    id: str
    modality: str | None
    samples: int | None
    classes: int | None
    source: str | None
    fingerprint: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """A result, with what it cost and what that depends on."""

    model: str
    dataset: str
    seed: int | None
    seconds: float | None
    epochs: float | None
    device: str | None
    parameters: int | None
    samples: int | None
    modality: str | None


def claim_job(
    store: Store,
    claim: Claim,
    *,
    owner: str,
    lease: int = LEASE_SECONDS,
    retry: bool = False,
    dead: Sequence[str] = (),
) -> int | None:
    """The number of this attempt, or None where somebody else has the job or it is done.

    ``retry`` takes a failed job again, one whose process was killed comes back without; ``dead``
    names owners that no longer live.
    """

    token = uuid.uuid4().hex  # a claim whose answer was lost is repeated, and is still the same

    def work(tx: Transaction) -> int | None:
        tx.run("lock_job", id=claim.id, owner=owner)
        rows = tx.run(
            "claim_job",
            id=claim.id,
            kind=claim.kind,
            model=claim.model,
            dataset=claim.dataset,
            owner=owner,
            arguments=claim.arguments,
            lease=lease,
            retry=retry,
            dead=list(dead),
            token=token,
            most=MOST_ATTEMPTS,
        )
        return int(rows[0]["attempts"]) if rows else None

    return store.transact(work)


def renew_leases(
    store: Store, ids: Sequence[str], *, owner: str, lease: int = LEASE_SECONDS
) -> int:
    """How many of the jobs the owner still holds."""

    def work(tx: Transaction) -> int:
        [row] = tx.run("renew_leases", ids=list(ids), owner=owner, lease=lease)
        return int(row["held"])

    return store.transact(work)


def end_job(
    store: Store,
    identity: str,
    *,
    owner: str,
    status: str,
    result: FineTuning | None = None,
    provenance: Provenance | None = None,
    error: str | None = None,
    cause: str | None = None,
    seconds: float | None = None,
    device: str | None = None,
    peak_memory_bytes: int | None = None,
) -> bool:
    """Write how a job ended and its result, together; False where it was taken over meanwhile."""

    def work(tx: Transaction) -> bool:
        rows = tx.run(
            "end_job",
            id=identity,
            owner=owner,
            status=status,
            error=error,
            cause=cause,
            seconds=seconds,
            device=device,
            peak_memory_bytes=peak_memory_bytes,
        )
        if rows and result is not None and provenance is not None:
            table = next(table for table in TABLES if table.name == "fine_tunings")
            batch = table.rows(History(fine_tunings=[result]))
            write_batch(tx, table=table, batch=batch, run=provenance.id, unfinished=[])
            record_run(tx, provenance)
        return bool(rows)

    return store.transact(work)


def is_lost(error: ZooError) -> bool:
    """Whether the store did not answer, or not yet: later it may."""
    cause = error.__cause__
    if isinstance(cause, exceptions.ServiceUnavailable | exceptions.SessionExpired):
        return True
    return isinstance(cause, exceptions.Neo4jError) and "Unavailable" in (cause.code or "")


def find_again(address: Address, url: str) -> Store | None:
    """A folder that ``zoo db serve`` serves again, at another ``url`` than before."""
    if address.folder is None or find_served(address.folder) in (None, url):
        return None
    return Store.connect(str(address))


def dead_owners(store: Store) -> list[str]:
    """Owners of running jobs that were processes of this machine and are gone."""
    owners = [row["owner"] for row in store.read("job_owners")]
    return [name for name in owners if is_dead(name)]


def job_states(store: Store) -> dict[str, JobState]:
    return {row["id"]: JobState(**row) for row in store.read("job_states")}


def find_models(store: Store, *, modality: str | None = None) -> list[Model]:
    return [Model(**row) for row in store.read("planned_models", modality=modality)]


def find_datasets(store: Store, *, modality: str | None = None) -> list[Dataset]:
    """Datasets that are not quarantined."""
    return [Dataset(**row) for row in store.read("planned_datasets", modality=modality)]


def known_results(store: Store, *, method: str) -> list[Known]:
    return [Known(**row) for row in store.read("known_results", method=method)]


def predicted_scores(
    store: Store, datasets: Sequence[str], *, method: str
) -> dict[tuple[str, str], float]:
    """Published scores by (model, dataset)."""
    rows = store.read("predicted_scores", datasets=list(datasets))
    return {(r["model"], r["dataset"]): r["score"] for r in rows if r["method"] == method}


def record_failure(
    store: Store, *, kind: str, reference: str, reason: str, command: str, cause: str
) -> None:
    """Keep a model or dataset that could not be read: a failed job without ends."""
    store.write(
        "record_failure",
        id=failure_id(kind, reference),
        kind=kind,
        error=reason,
        cause=cause,
        seconds=None,
        arguments=json.dumps({"command": command, "reference": reference}, sort_keys=True),
        owner=owner(),
    )


def resolve_failures(store: Store, *, kind: str, references: Sequence[str]) -> None:
    """What could be read now is no failure any more."""
    store.write("resolve_failures", ids=[failure_id(kind, name) for name in references])


def failure_id(kind: str, reference: str) -> str:
    return digest(kind, reference)


def find_probes(store: Store, *, modality: str) -> list[str]:
    """Probes with stored vectors of a modality's datasets, the one that saw most first."""
    return [row["probe"] for row in store.read("probe_counts", modality=modality)]


def compared_probes(store: Store, *, modality: str) -> list[str]:
    """Probes by which a modality's datasets are compared, the most used first."""
    return [row["probe"] for row in store.read("similarity_probes", modality=modality)]


def probe_embeddings(store: Store, probe: str) -> list[Embedding]:
    rows = store.read("probe_embeddings", probe=probe)
    return [
        Embedding(**{**row, "vector": np.frombuffer(row["vector"], "<f4").astype(np.float32)})
        for row in rows
    ]


def known_scores(store: Store, methods: Sequence[str]) -> set[tuple[str, str, str]]:
    """(model, dataset, method) of the transferability scores that are stored."""
    rows = store.read("known_scores", methods=list(methods))
    return {(row["model"], row["dataset"], row["method"]) for row in rows}
