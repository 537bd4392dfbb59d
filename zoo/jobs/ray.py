"""Jobs on a Ray cluster: one task a job, which runs the job as a process of its own, forked from
a parent with the libraries that the process of the task keeps for the next one.

Ray schedules, moves tasks of a node that dies to another one, and counts devices; the graph stays
the ledger. Where the cluster has GPUs a job takes one, otherwise a CPU.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from graphdb.errors import ZooError
from zoo.jobs.holding import let_go
from zoo.jobs.local import AnyJob, Finished, LocalLauncher
from zoo.jobs.specs import AnySpec, FineTuningSpec, Outcome

_POLL_SECONDS = 0.2
#: How often Ray starts a task again whose node died.
_NODE_DEATHS = 5

#: Of this process of Ray's, once it has run a job: with the parent that has the libraries.
_launchers: list[LocalLauncher] = []


class RayLauncher:
    """Runs jobs as Ray tasks; use it with ``with``: leaving it cancels what runs.

    Args:
        address: of a running cluster (``auto`` finds this machine's); None starts a local one,
            which ends with the launcher.
        beat: called a few times a second while jobs run; leases are renewed there.
        cpus: of a node that a job takes, where there are no GPUs.

    Raises:
        ZooError: Ray is not installed, or nothing answers at the address.
    """

    def __init__(
        self,
        *,
        address: str | None = None,
        beat: Callable[[], None] | None = None,
        cpus: float = 1.0,
    ) -> None:
        self._ray = _connect(address)
        self._beat = beat or (lambda: None)
        self._cpus = cpus
        self._running: dict[Any, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for reference in self._running:
            self._ray.cancel(reference, force=True)
        self._running.clear()
        self._ray.shutdown()

    def run(self, specs: Iterable[AnyJob]) -> Iterator[Finished[AnyJob]]:
        """Each job as it ends; the next one is taken when the cluster has a place for it."""
        waiting = iter(specs)
        started: dict[str, AnyJob] = {}
        exhausted = False
        while True:
            while not exhausted and len(self._running) < self._places():
                spec = next(waiting, None)
                exhausted = spec is None
                if spec is not None:
                    started[spec.id] = spec
                    self._running[self._submit(spec)] = spec.id
            if not self._running:
                return
            done, _ = self._ray.wait(list(self._running), timeout=_POLL_SECONDS)
            for reference in done:
                identity = self._running.pop(reference)
                yield Finished(started.pop(identity), self._outcome(reference))
            self._beat()

    def _submit(self, spec: AnyJob) -> Any:
        gpu = self._ray.cluster_resources().get("GPU", 0) > 0
        options = {"num_gpus": 1} if gpu else {"num_cpus": self._cpus}
        task = self._ray.remote(_run_job).options(max_retries=_NODE_DEATHS, name=spec.id, **options)
        return task.remote(AnySpec(spec).model_dump_json())

    def _places(self) -> int:
        """Jobs that the cluster can run at once, one at least: a cluster may be starting up."""
        resources = self._ray.cluster_resources()
        gpus = int(resources.get("GPU", 0))
        return max(1, gpus or int(resources.get("CPU", 0) / self._cpus))

    def _outcome(self, reference: Any) -> Outcome:
        try:
            return Outcome.model_validate_json(self._ray.get(reference))
        except self._ray.exceptions.RayError as error:
            lines = str(error).strip().splitlines()
            reason = f"its Ray task was lost: {lines[-1] if lines else type(error).__name__}"
            return Outcome(status="failed", seconds=0.0, reason=reason[:500], cause="process")


def _run_job(text: str) -> str:
    """On a node: the job in a process of its own, which dies with this task.

    Ray gives its processes one task after another: what the first has loaded serves all.
    """
    spec = AnySpec.model_validate_json(text).root
    launcher = _launchers.pop() if _launchers else LocalLauncher()
    try:
        [finished] = launcher.run([spec])
    except BaseException:  # the task is cancelled
        launcher.stop()
        raise
    _launchers.append(launcher)
    if isinstance(spec, FineTuningSpec):  # from here on the driver holds it
        let_go(spec, finished.outcome)
    return finished.outcome.model_dump_json()


def _connect(address: str | None) -> Any:
    try:
        import ray
    except ImportError as error:
        raise ZooError("Ray is not installed: pip install 'transferzoo[ray]'") from error
    try:
        ray.init(
            address=address,
            include_dashboard=None if address else False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=False,
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        place = address or "a local cluster"
        raise ZooError(f"Ray does not answer at {place}: {str(error).splitlines()[0]}") from error
    return ray
