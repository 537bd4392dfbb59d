"""Jobs on this machine, ``parallel`` at a time, one operating-system process each."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Generic, Self, TypeVar

from graphdb.errors import ZooError
from zoo.jobs.devices import DISTRIBUTED, devices, variable
from zoo.jobs.holding import held
from zoo.jobs.scratch import Scratch
from zoo.jobs.specs import EmbeddingSpec, FineTuningSpec, Outcome, Spec
from zoo.jobs.wrapper import looks_wrapped
from zoo.outputs import in_scratch

_POLL_SECONDS = 0.1
#: Characters of a dead process's last line that a reason quotes at most.
_LAST_WORDS = 200
#: Signals that come from outside and say nothing of the libraries that were loaded meanwhile.
_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM)
_UNLOADED = (": ImportError: ", ": ModuleNotFoundError: ")
_MEND = "Mend their installation: pip install --force-reinstall 'transferzoo[jobs]'"


AnyJob = TypeVar("AnyJob", bound=Spec)
_Nursery = subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True)
class Finished(Generic[AnyJob]):
    """A job that ended, by itself or not."""

    spec: AnyJob
    outcome: Outcome


@dataclass(slots=True)
class _Running:
    spec: Spec
    device: int
    started: float
    #: The nursery's process, and its own.
    parent: int | None = None
    pid: int | None = None


class LocalLauncher:
    """Runs jobs as children of a nursery process; use it with ``with``: leaving it ends them.

    What a job leaves in the temporary directory goes with it: it gets one of its own.

    Args:
        parallel: jobs at a time. On a machine with GPUs job i sees device i modulo their number.
        preload: fork jobs from a process with the libraries in memory; worth it from two jobs on.
        beat: called a few times a second while jobs run; leases are renewed there.
    """

    def __init__(
        self,
        *,
        parallel: int = 1,
        preload: bool = True,
        beat: Callable[[], None] | None = None,
    ) -> None:
        if parallel < 1:
            raise ZooError(f"--parallel {parallel}: at least one job at a time")
        self._parallel = parallel
        self._preload = preload
        self._beat = beat or (lambda: None)
        self._running: dict[str, _Running] = {}
        #: What nurseries say; one that has ended comes itself.
        self._messages: queue.Queue[dict[str, object] | _Nursery] = queue.Queue()
        self._scratch = Scratch()
        self._folder = self._scratch.folder
        self._nursery: _Nursery | None = None
        #: Process id of the last nursery that had loaded the libraries.
        self._ready: object = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def run(self, specs: Iterable[AnyJob]) -> Iterator[Finished[AnyJob]]:
        """Each job as it ends. The next spec is taken only when a process is free for it, so an
        iterator may claim it at that very moment.

        Raises:
            ZooError: the libraries cannot be loaded, of which every job would die.
        """
        waiting = iter(specs)
        started: dict[str, AnyJob] = {}
        exhausted = False
        while True:
            while not exhausted and len(self._running) < self._parallel:
                spec = next(waiting, None)
                exhausted = spec is None
                if spec is not None:
                    started[spec.id] = spec
                    self._start(spec)
            if not self._running:
                return
            for identity, outcome in self._ended():
                yield Finished(started.pop(identity), outcome)
            self._beat()

    @property
    def processes(self) -> dict[str, int]:
        """Process ids by job."""
        return {job: run.pid for job, run in self._running.items() if run.pid is not None}

    def stop(self) -> None:
        """Kill what runs and the nursery; the jobs' checkpoints stay."""
        if self._nursery is not None:
            self._bury(self._nursery)
        self._nursery = None
        self._running.clear()
        self._scratch.remove()

    def _start(self, spec: Spec) -> None:
        if spec.threads is None and self._parallel > 1:  # jobs side by side share the cores
            cores = max(1, (os.cpu_count() or 1) // self._parallel)
            spec = spec.model_copy(update={"threads": cores})
        used = {run.device for run in self._running.values()}
        device = next(number for number in range(self._parallel) if number not in used)
        self._running[spec.id] = _Running(spec, device, time.perf_counter())
        folder = self._folder / spec.id
        paths = _paths(folder)
        with in_scratch():
            folder.mkdir(exist_ok=True)
            paths["spec"].write_text(spec.model_dump_json(), encoding="utf-8")
        order = {name: str(path) for name, path in paths.items()}
        environment = _environment(device) | {"TMPDIR": str(folder)}
        order |= {"job": spec.id, "environment": json.dumps(environment)}
        model = spec.probe if isinstance(spec, EmbeddingSpec) else spec.model
        order |= {"library": "timm"} if looks_wrapped(model) else {}
        try:
            self._running[spec.id].parent = self._order(order)
        except BrokenPipeError:  # it has just died; what it had to do is told by its last message
            self._nursery = None
            self._running[spec.id].parent = self._order(order)

    def _order(self, order: dict[str, str]) -> int:
        nursery = self._nursery or self._open()
        assert nursery.stdin is not None
        nursery.stdin.write((json.dumps(order) + "\n").encode())
        nursery.stdin.flush()
        return nursery.pid

    def _open(self) -> _Nursery:
        options = ["--preload"] if self._preload else []
        command = [sys.executable, "-m", "zoo.jobs.nursery", str(self._folder), *options]
        with in_scratch():
            errors = (self._folder / "nursery.log").open("ab")
        with errors:
            nursery = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                pass_fds=(self._scratch.descriptor,),
                env=_alone() | {"TOKENIZERS_PARALLELISM": "false", "TMPDIR": str(self._folder)},
            )
        self._nursery = nursery
        threading.Thread(target=self._listen, args=(nursery,), daemon=True).start()
        return nursery

    def _listen(self, nursery: _Nursery) -> None:
        for line in nursery.stdout or ():
            if line.startswith(b"{"):  # else a library talks as it is loaded
                self._messages.put(json.loads(line))
        self._messages.put(nursery)

    def _ended(self) -> Iterator[tuple[str, Outcome]]:
        try:
            message = self._messages.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            return
        if isinstance(message, subprocess.Popen):
            yield from self._lost(message)
            return
        self._ready = message.get("ready", self._ready)
        running = self._running.get(str(message.get("job")))
        if running is not None and "pid" in message:
            running.pid = int(str(message["pid"]))
        elif running is not None and "code" in message:
            peak = int(str(message["peak"]))
            yield self._finish(running, self._told(running, int(str(message["code"]))), peak)

    def _lost(self, nursery: _Nursery) -> Iterator[tuple[str, Outcome]]:
        """A nursery died and its jobs with it."""
        code = self._bury(nursery)
        if self._nursery is nursery:
            self._nursery = None
        how = _how("the parent of its process", code)
        if self._ready != nursery.pid:
            if code not in _FROM_OUTSIDE:
                told = _how("the process", code, log=self._folder / "nursery.log")
                raise ZooError(f"The libraries of the jobs cannot be loaded: {told}. {_MEND}")
            how += " while it loaded the libraries"
        for running in [one for one in self._running.values() if one.parent == nursery.pid]:
            yield self._finish(running, how)

    def _bury(self, nursery: _Nursery) -> int:
        """Wait for its end, which an end of its input brings about. How it ended."""
        if nursery.stdin is not None:
            with suppress(BrokenPipeError):
                nursery.stdin.close()
        code = nursery.wait()
        if nursery.stdout is not None:
            nursery.stdout.close()
        return code

    def _told(self, running: _Running, code: int) -> str:
        """How a job's own process ended, should it have left no outcome."""
        log = _paths(self._folder / running.spec.id)["log"]
        if code == os.EX_IOERR:
            return f"its process could not write its result: free some space in {log.parents[2]}"
        how = _how("its process", code, log=log)
        return f"{how}. {_MEND}" if any(error in how for error in _UNLOADED) else how

    def _finish(self, running: _Running, how: str, peak: int | None = None) -> tuple[str, Outcome]:
        """``how`` it died is its reason where it left no outcome; ``peak``: most main memory."""
        spec = running.spec
        del self._running[spec.id]
        folder = self._folder / spec.id
        outcome = _answer(_paths(folder)["outcome"], spec)
        if outcome is None:
            outcome = Outcome(
                status="failed", seconds=time.perf_counter() - running.started, reason=how,
                cause="process", peak_memory_bytes=peak,
            )  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)
        return spec.id, outcome


def _paths(folder: Path) -> dict[str, Path]:
    """A job's files: what it is told, what it answers, what it prints."""
    return {"spec": folder / "spec.json", "outcome": folder / "outcome.json", "log": folder / "log"}


def _answer(path: Path, spec: Spec) -> Outcome | None:
    """What a job answered; where it could not be written, what lies with its checkpoints."""
    if path.is_file():
        return Outcome.model_validate_json(path.read_text(encoding="utf-8"))
    return held(spec) if isinstance(spec, FineTuningSpec) and spec.hold else None


def _alone() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in DISTRIBUTED}


def _environment(number: int) -> dict[str, str]:
    """One device a job; transformers would spread it over all that it sees."""
    found = devices()
    return {variable(): found[number % len(found)]} if found else {}


def _how(process: str, code: int, *, log: Path | None = None) -> str:
    """An exit code or, below 0, a signal in words, with the last line of the log."""
    if code >= 0:
        how = f"{process} ended with code {code}"
    elif code == -signal.SIGKILL:
        how = f"{process} was killed by signal 9 (the system does that where main memory runs out)"
    else:
        how = f"{process} was killed by signal {-code} ({signal.strsignal(-code)})"
    lines = log.read_text("utf-8", "replace").split("\n") if log and log.is_file() else []
    words = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f"{how}: {words[:_LAST_WORDS]}" if words else how
