"""The parent of a machine's jobs: a process that forks one process a job and buries them.

``python -m zoo.jobs.nursery [--preload]`` reads one JSON line a job from its input and answers with
lines ``{"job", "pid"}`` and ``{"job", "code"}``. It exists for two reasons. With ``--preload`` it
has torch and transformers in memory, so that a job on a CPU starts without the seconds of their
import (a GPU's driver does not survive a fork: there each job is a fresh interpreter). And when the
command dies, by kill -9 too, its input ends and it kills its jobs: none goes on for nobody. Its
jobs watch it in turn and end with it.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys

_POLL_SECONDS = 0.05


def main(arguments: list[str]) -> int:
    """Serve until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which asks us to end
    preload = "--preload" in arguments
    if preload:
        _preload()
    _say({"ready": os.getpid()})
    _serve(preload)
    return 0


def _preload() -> None:
    import zoo.jobs.finetuning  # noqa: F401
    from zoo.jobs.machine import load_libraries

    load_libraries()

    gc.collect()
    gc.freeze()  # a job need not go through these objects again


def _serve(preload: bool) -> None:
    jobs: dict[int, str] = {}
    buffer = b""
    try:
        while True:
            if select.select([0], [], [], _POLL_SECONDS)[0]:
                chunk = os.read(0, 65_536)
                if not chunk:
                    return
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    _obey(json.loads(line), jobs, preload)
            _bury(jobs)
    finally:
        for pid in jobs:
            _kill(pid)


def _obey(order: dict[str, str], jobs: dict[int, str], preload: bool) -> None:
    if "kill" in order:
        for pid in [pid for pid, job in jobs.items() if job == order["kill"]]:
            _kill(pid)
        return
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(order, preload, parent)
    jobs[pid] = order["job"]
    _say({"job": order["job"], "pid": pid})


def _become(order: dict[str, str], preload: bool, parent: int) -> None:
    """The child: a session of its own, its output in a file, then the job; never returns."""
    code = 70
    try:
        os.setsid()
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.environ.update(json.loads(order["environment"]))
        arguments = [order["spec"], order["outcome"], str(parent)]
        if not preload:
            os.execv(sys.executable, [sys.executable, "-m", "zoo.jobs.worker", *arguments])  # noqa: S606
        from zoo.jobs import worker

        signal.signal(signal.SIGINT, signal.SIG_DFL)
        code = worker.main(arguments)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _bury(jobs: dict[int, str]) -> None:
    for pid in list(jobs):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            _say({"job": jobs.pop(pid), "code": os.waitstatus_to_exitcode(status)})


def _kill(pid: int) -> None:
    """The job and whatever it started: it leads a process group of its own."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def _say(message: dict[str, object]) -> None:
    os.write(1, (json.dumps(message) + "\n").encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
