"""The ledger of jobs as one command sees it, with what to do while the store does not answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Self, TypeVar

from graphdb import jobs as ledger
from graphdb.errors import ZooError
from graphdb.runs import Provenance
from graphdb.store import Store
from zoo.jobs.specs import FineTuningSpec, Outcome

log = logging.getLogger("zoo.jobs")
#: How long a command waits for a store that went away, beyond the retries of a transaction.
PATIENCE_SECONDS = 900.0
_PAUSE_SECONDS = 2.0
Answer = TypeVar("Answer")


class PatientLedger:
    """Claims and ends jobs for one owner; while the store is away it answers None.

    Args:
        lease: seconds that a claim is good for without being renewed.
        patience: seconds after which a store that is away is given up.
    """

    def __init__(
        self,
        store: Store,
        owner: str = "",
        lease: int = ledger.LEASE_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._given = self._store = store
        self._url = store.bolt[0]
        self._owner, self.lease, self._patience = owner, lease, patience
        self._lost_since: float | None = None
        self._asked = 0.0
        self._error: ZooError | None = None

    @property
    def lost(self) -> ZooError | None:
        """What the store said last, where it is away."""
        return self._error

    @property
    def given_up(self) -> bool:
        since = self._lost_since
        return since is not None and time.monotonic() - since > self._patience

    def ask(self, question: Callable[[], Answer]) -> Answer | None:
        """The ledger's answer, None where the store is away.

        Raises:
            ZooError: it answered, and refused.
        """
        self._reconnect()
        self._asked = time.monotonic()
        try:
            answer = question()
        except ZooError as error:
            if not ledger.is_lost(error):
                raise
            self._error = error
            self._lost_since = self._lost_since or self._asked
            self._asked = time.monotonic()  # the driver has repeated it for a while
            return None
        self._error = self._lost_since = None
        return answer

    def insist(self, question: Callable[[Store], Answer]) -> Answer:
        """The answer to what is asked of the store, however often it goes away meanwhile.

        Raises:
            ZooError: it answered and refused, or was given up.
        """
        found: list[Answer] = []
        told = False
        while True:
            self.ask(lambda: found.append(question(self._store)))
            if found:
                return found[0]
            if self._error is not None and self.given_up:
                raise self._error
            if not told:
                log.error("The store does not answer: waiting for it")
                told = True
            time.sleep(_PAUSE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def is_back(self) -> bool:
        """Ask again, not too often, whether the store answers."""
        if self._error is not None and time.monotonic() - self._asked > _PAUSE_SECONDS:
            self.ask(lambda: ledger.dead_owners(self._store))
        return self._error is None

    def dead_owners(self) -> list[str]:
        return self.ask(lambda: ledger.dead_owners(self._store)) or []

    def states(self) -> dict[str, ledger.JobState] | None:
        return self.ask(lambda: ledger.job_states(self._store))

    def claim(self, claim: ledger.Claim, *, retry: bool, dead: list[str]) -> int | None:
        return self.ask(
            lambda: ledger.claim_job(
                self._store, claim, owner=self._owner, lease=self.lease, retry=retry, dead=dead
            )
        )

    def renew(self, ids: list[str]) -> None:
        self.ask(lambda: ledger.renew_leases(self._store, ids, owner=self._owner, lease=self.lease))

    def end(self, spec: FineTuningSpec, outcome: Outcome, provenance: Provenance) -> bool | None:
        """Whether the job was still ours to end; None where the store is away."""
        done = outcome.status == "done"
        return self.ask(
            lambda: ledger.end_job(
                self._store, spec.id, owner=self._owner, status=outcome.status,
                result=outcome.fine_tuning(spec) if done else None, provenance=provenance,
                error=outcome.reason, cause=outcome.cause, seconds=outcome.seconds,
                device=outcome.device, peak_memory_bytes=outcome.peak_memory_bytes,
            )
        )  # fmt: skip

    def give_back(self, identity: str) -> None:
        """Nothing where the store is away: the lease ends by itself."""
        if self._error is None:
            self.ask(
                lambda: ledger.end_job(self._store, identity, owner=self._owner, status="stopped")
            )

    def close(self) -> None:
        if self._store is not self._given:
            self._store.close()

    def _reconnect(self) -> None:
        again = self._error and ledger.find_again(self._given.address, self._url)
        if again:
            self.close()
            self._store, self._url = again, again.bolt[0]
