"""Do a plan: claim, run, write back, job by job.

Every job is claimed at the moment a process is free for it and written the moment it ends, so a
kill at any time loses at most what runs; typed again, the same command does what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from graphdb import jobs as ledger
from graphdb.runs import Provenance
from graphdb.runs import owner as this_process
from graphdb.store import Store
from zoo.jobs.local import Finished
from zoo.jobs.planning import Plan, Planned, Request, make_plan
from zoo.jobs.specs import FineTuningSpec, Outcome


class Launcher(Protocol):
    """Runs jobs somewhere; leaving its ``with`` block ends what still runs."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def run(self, specs: Iterable[FineTuningSpec]) -> Iterator[Finished[FineTuningSpec]]: ...


#: Makes a launcher that calls ``beat`` a few times a second.
MakeLauncher = Callable[[Callable[[], None]], Launcher]


@dataclass(slots=True)
class Progress:
    """Where a plan stands; ``left`` estimates the seconds from the speed so far."""

    total: int
    done: int = 0
    failed: int = 0
    #: Taken by other workers, or done by them meanwhile.
    elsewhere: int = 0
    running: tuple[str, ...] = ()
    seconds: float = 0.0
    budget_spent: bool = False
    failures: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def left(self) -> float | None:
        ended = self.done + self.failed
        waiting = self.total - ended - self.elsewhere
        return self.seconds / ended * waiting if ended else None


Tell = Callable[[Progress], None]


def ingest_runs(
    store: Store,
    request: Request,
    make_launcher: MakeLauncher,
    *,
    budget: float | None = None,
    owner: str | None = None,
    lease: int = ledger.LEASE_SECONDS,
    tell: Tell = lambda _: None,
) -> Progress:
    """Plan and do what the graph lacks.

    Args:
        budget: seconds after which nothing new is claimed and what runs is stopped; its
            checkpoints stay, and the job is free for anybody.

    Raises:
        ZooError: as :func:`make_plan`, or the store is gone for longer than its retries.
    """
    plan = make_plan(store, request)
    return run_plan(
        store, plan, request, make_launcher, budget=budget, owner=owner, lease=lease, tell=tell
    )


def run_plan(
    store: Store,
    plan: Plan,
    request: Request,
    make_launcher: MakeLauncher,
    *,
    budget: float | None = None,
    owner: str | None = None,
    lease: int = ledger.LEASE_SECONDS,
    tell: Tell = lambda _: None,
) -> Progress:
    """As :func:`ingest_runs`, for a plan that was shown before."""
    worker = _Worker(store, plan, request, owner or this_process(), lease, budget, tell)
    try:
        with make_launcher(worker.beat) as launcher:
            for finished in launcher.run(worker.claims()):
                worker.end(finished)
    except _BudgetSpentError:
        worker.progress.budget_spent = True
    finally:
        worker.release()
    tell(worker.progress)
    return worker.progress


class _BudgetSpentError(Exception):
    """Leaves the launcher, which ends its jobs."""


class _Worker:
    """One command's share of the ledger."""

    def __init__(
        self,
        store: Store,
        plan: Plan,
        request: Request,
        owner: str,
        lease: int,
        budget: float | None,
        tell: Tell,
    ) -> None:
        self._store, self._plan, self._request = store, plan, request
        self._owner, self._lease, self._tell = owner, lease, tell
        self._started = self._renewed = time.monotonic()
        self._budget = budget
        self._held: dict[str, Planned] = {}
        self._provenance = Provenance("ingest runs", {"method": request.settings.method})
        self.progress = Progress(len(plan.jobs))

    def claims(self) -> Iterator[FineTuningSpec]:
        """The specs of jobs that this worker has just claimed."""
        dead = ledger.dead_owners(self._store)
        for planned in self._plan.jobs:
            if not self._fits(planned):
                continue
            attempt = ledger.claim_job(
                self._store,
                planned.claim(),
                owner=self._owner,
                lease=self._lease,
                retry=self._request.retry,
                dead=dead,
            )
            if attempt is None:
                self.progress.elsewhere += 1
                continue
            self._held[planned.spec.id] = planned
            self._say()
            yield planned.spec

    def beat(self) -> None:
        """Renew the leases in time, and stop when the budget is spent."""
        now = time.monotonic()
        if self._budget is not None and now - self._started > self._budget and self._held:
            raise _BudgetSpentError
        if now - self._renewed > self._lease / 4:
            self._renewed = now
            if self._held:
                ledger.renew_leases(
                    self._store, list(self._held), owner=self._owner, lease=self._lease
                )
        self._say()

    def end(self, finished: Finished[FineTuningSpec]) -> None:
        """Write how a job ended."""
        spec, outcome = finished.spec, finished.outcome
        done = outcome.status == "done"
        kept = ledger.end_job(
            self._store,
            spec.id,
            owner=self._owner,
            status=outcome.status,
            result=outcome.fine_tuning(spec) if done else None,
            provenance=self._provenance,
            error=outcome.reason,
            cause=outcome.cause,
            seconds=outcome.seconds,
        )
        del self._held[spec.id]
        self._count(spec, outcome, kept)
        self._say()

    def release(self) -> None:
        """Give back what was claimed and did not end."""
        for identity in list(self._held):
            ledger.end_job(self._store, identity, owner=self._owner, status="stopped")
            del self._held[identity]

    def _fits(self, planned: Planned) -> bool:
        if self._budget is None:
            return True
        left = self._budget - (time.monotonic() - self._started)
        fits = left > 0 and (planned.seconds or 0) <= left
        self.progress.budget_spent |= not fits
        return fits

    def _count(self, spec: FineTuningSpec, outcome: Outcome, kept: bool) -> None:
        if not kept:
            self.progress.elsewhere += 1
        elif outcome.status == "done":
            self.progress.done += 1
        else:
            self.progress.failed += 1
            reason = outcome.reason or "no reason"
            self.progress.failures.append((spec.model.id, spec.dataset.id, reason))

    def _say(self) -> None:
        self.progress.seconds = time.monotonic() - self._started
        self.progress.running = tuple(
            f"{planned.spec.model.id} on {planned.spec.dataset.id}"
            for planned in self._held.values()
        )
        self._tell(self.progress)
