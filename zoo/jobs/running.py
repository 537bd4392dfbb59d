"""Do a plan: claim, run, write back, job by job.

Every job is claimed at the moment a process is free for it and written the moment it ends, so a
kill at any time loses at most what runs; typed again, the same command does what is missing. While
the store is away what runs goes on, what ended is held on disk, and nothing new is claimed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from graphdb import jobs as ledger
from graphdb.errors import ZooError
from graphdb.runs import Provenance
from graphdb.runs import owner as this_process
from graphdb.store import Store
from zoo.jobs.holding import held, hold, let_go
from zoo.jobs.local import Finished
from zoo.jobs.patience import PATIENCE_SECONDS, PatientLedger
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
    #: The store does not answer: ended jobs are held on disk until it does.
    waiting: bool = False
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    #: Jobs of the plan that others still do at its end, by worker.
    held: Mapping[str, int] = field(default_factory=dict)

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
    patience: float = PATIENCE_SECONDS,
    tell: Tell = lambda _: None,
) -> Progress:
    """Plan and do what the graph lacks.

    Args:
        budget: seconds after which nothing new is claimed and what runs is stopped; its
            checkpoints stay, and the job is free for anybody.
        patience: seconds to wait for a store that goes away meanwhile.

    Raises:
        ZooError: as :func:`make_plan`, or the store is gone for longer than ``patience``; what was
            trained is held on disk, and the next call writes it.
    """
    plan = make_plan(store, request)
    return run_plan(
        store, plan, request, make_launcher, budget=budget, owner=owner, lease=lease,
        patience=patience, tell=tell,
    )  # fmt: skip


def run_plan(
    store: Store,
    plan: Plan,
    request: Request,
    make_launcher: MakeLauncher,
    *,
    budget: float | None = None,
    owner: str | None = None,
    lease: int = ledger.LEASE_SECONDS,
    patience: float = PATIENCE_SECONDS,
    tell: Tell = lambda _: None,
) -> Progress:
    """As :func:`ingest_runs`, for a plan that was shown before."""
    ledger_ = PatientLedger(store, owner or this_process(), lease, patience)
    worker = _Worker(ledger_, plan, request, budget, tell)
    try:
        with make_launcher(worker.beat) as launcher:
            for jobs in worker.rounds():
                for finished in launcher.run(worker.claims(jobs)):
                    worker.end(finished)
        worker.finish()
    except _BudgetSpentError:
        worker.progress.budget_spent = True
    finally:
        worker.release()
        ledger_.close()
    worker.say()
    return worker.progress


class _BudgetSpentError(Exception):
    """Leaves the launcher, which ends its jobs."""


class _Worker:
    """One command's share of a plan."""

    def __init__(
        self, ledger_: PatientLedger, plan: Plan, request: Request, budget: float | None, tell: Tell
    ) -> None:
        self._ledger, self._plan, self._request = ledger_, plan, request
        self._budget, self._tell = budget, tell
        self._started = self._renewed = time.monotonic()
        self._lease = ledger_.lease
        self._held: dict[str, Planned] = {}
        self._unwritten: list[Finished[FineTuningSpec]] = []
        #: What somebody else had when it was planned or to be claimed, or took over.
        self._passed = {planned.spec.id: planned for planned in plan.running}
        self._provenance = Provenance("ingest runs", {"method": request.settings.method})
        self.progress = Progress(len(plan.jobs) + len(self._passed))

    def rounds(self) -> Iterator[list[Planned]]:
        """The plan, and then what was passed over, as long as any of it turns out to be free: its
        worker died meanwhile, or gave it back. What failed with another worker is for the next
        command, or each of them would retry what each of the others retried."""
        yield self._plan.jobs
        while freed := self._freed():
            yield freed
            if self._passed.keys() >= {planned.spec.id for planned in freed}:
                return  # none of them was claimed: others were faster, or the budget is spent

    def _freed(self) -> list[Planned]:
        states = self._ledger.states() if self._passed and self._wait() else None
        if states is None:
            return []
        dead = set(self._ledger.dead_owners())
        known = [(planned, states.get(name)) for name, planned in self._passed.items()]
        owners = [str(state.owner) for _, state in known if state and state.is_held(dead)]
        self.progress.held = Counter(owners)
        return [
            planned
            for planned, state in known
            if state is None or (not state.has_ended and state.is_free(dead, retry=False))
        ]

    def claims(self, jobs: list[Planned]) -> Iterator[FineTuningSpec]:
        """The specs of jobs that this worker has just claimed; none once the store is given up."""
        dead = self._ledger.dead_owners()
        for planned in jobs:
            known = held(planned.spec)
            if known is None and not self._fits(planned):
                continue
            attempt = self._claim(planned, dead)
            if self._ledger.lost:
                return
            if attempt is None:
                self._passed[planned.spec.id] = planned
                continue
            self._passed.pop(planned.spec.id, None)
            self._held[planned.spec.id] = planned
            if known is not None:
                self.end(Finished(planned.spec, known))
                continue
            self.say()
            yield planned.spec

    def beat(self) -> None:
        """Renew the leases in time, and stop when the budget is spent."""
        now = time.monotonic()
        if self._budget is not None and now - self._started > self._budget and self._held:
            raise _BudgetSpentError
        if self._ledger.lost:
            self._settle()
        if self._held and now - self._renewed > self._lease / 4 and not self._ledger.lost:
            self._renewed = now
            self._ledger.renew(list(self._held))
        self.say()

    def end(self, finished: Finished[FineTuningSpec]) -> None:
        """Hold how a job ended, and write it as soon as the store takes it."""
        with suppress(OSError):  # a full disk: it is held in memory
            hold(finished.spec, finished.outcome)
        self._unwritten.append(finished)
        self._settle()
        self.say()

    def finish(self) -> None:
        """Wait until all is written.

        Raises:
            ZooError: the store was given up.
        """
        if not self._wait() and self._ledger.lost:
            raise ZooError(
                f"{self._ledger.lost}; finished trainings held on disk until then: "
                f"{len(self._unwritten)}"
            )

    def release(self) -> None:
        """Give back what was claimed and did not end."""
        ended = {finished.spec.id for finished in self._unwritten}
        for identity in [one for one in self._held if one not in ended]:
            self._ledger.give_back(identity)
            del self._held[identity]

    def _claim(self, planned: Planned, dead: list[str]) -> int | None:
        """As often as the store has to be waited for."""
        while self._wait():
            claim = planned.claim()
            attempt = self._ledger.claim(claim, retry=self._request.retry, dead=dead)
            if not self._ledger.lost:
                return attempt
        return None

    def _wait(self) -> bool:
        """Until the store has taken what ended; False where it is given up."""
        while not self._settle():
            if self._ledger.given_up:
                return False
            self.beat()
            time.sleep(0.2)
        return True

    def _settle(self) -> bool:
        """Write what has ended, as far as the store takes it; whether it took all."""
        if not self._ledger.is_back():
            return False
        while self._unwritten:
            spec, outcome = self._unwritten[0].spec, self._unwritten[0].outcome
            kept = self._ledger.end(spec, outcome, self._provenance)
            if kept is None:
                return False
            planned = self._held.pop(spec.id)
            del self._unwritten[0]
            let_go(spec, outcome)
            self._count(planned, outcome, kept)
        return True

    def _fits(self, planned: Planned) -> bool:
        if self._budget is None:
            return True
        left = self._budget - (time.monotonic() - self._started)
        fits = left > 0 and (planned.seconds or 0) <= left
        self.progress.budget_spent |= not fits
        return fits

    def _count(self, planned: Planned, outcome: Outcome, kept: bool) -> None:
        spec = planned.spec
        if not kept:
            self._passed[spec.id] = planned
        elif outcome.status == "done":
            self.progress.done += 1
        else:
            self.progress.failed += 1
            reason = outcome.reason or "no reason"
            self.progress.failures.append((spec.model.id, spec.dataset.id, reason))

    def say(self) -> None:
        ended = {finished.spec.id for finished in self._unwritten}
        self.progress.seconds = time.monotonic() - self._started
        self.progress.elsewhere = len(self._passed)
        self.progress.waiting = self._ledger.lost is not None
        self.progress.running = tuple(
            f"{planned.spec.model.id} on {planned.spec.dataset.id}"
            for planned in self._held.values()
            if planned.spec.id not in ended
        )
        self._tell(self.progress)
