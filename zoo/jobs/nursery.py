"""The parent of a machine's jobs: a process that forks one process a job and buries them.

``python -m zoo.jobs.nursery FOLDER [--preload]`` reads one JSON line a job from its input and
answers with lines ``{"job", "pid"}`` and ``{"job", "code", "peak"}``. It exists for two reasons.
With ``--preload`` it has torch and transformers in memory, so that a job starts without the seconds
of their import. A GPU's driver does not survive a fork, so nothing here may wake it: each job
starts it for itself, on the one device that it is told to see. And when the command dies, by
kill -9 too, its input ends, it kills its jobs and removes ``FOLDER``: none goes on for nobody and
nothing is left behind. Its jobs watch it in turn and end with it.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
from contextlib import suppress

from zoo.jobs.machine import maximum_bytes
from zoo.processes import own_process

_POLL_SECONDS = 0.05


def main(arguments: list[str]) -> int:
    """Serve until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which asks us to end
    folder, preload = arguments[0], "--preload" in arguments
    if preload:
        _preload()
    with suppress(BrokenPipeError):  # the command is gone: it hears nothing any more
        _say({"ready": os.getpid()})
        _serve(preload)
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _preload() -> None:
    # A library that asks on import whether there is a GPU is answered without starting the driver.
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    import zoo.jobs.finetuning  # noqa: F401
    from zoo.jobs.machine import load_libraries

    load_libraries()


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
        for pid in jobs:
            os.waitpid(pid, 0)


def _obey(order: dict[str, str], jobs: dict[int, str], preload: bool) -> None:
    parent = os.getpid()
    if preload and "library" in order:  # not every plan needs it
        with suppress(Exception):  # what is wrong with it, the job says
            importlib.import_module(order["library"])
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
        tempfile.tempdir = None  # the parent's may have been looked up already
        arguments = [order["spec"], order["outcome"], str(parent)]
        if not preload or _driver_is_lost():
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


def _driver_is_lost() -> bool:
    """Whether something in the parent has started the GPU's driver all the same."""
    import torch

    return bool(torch.cuda._is_in_bad_fork())


def _bury(jobs: dict[int, str]) -> None:
    for pid in list(jobs):
        ended, status, used = os.wait4(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            _say({"job": jobs.pop(pid), "code": code, "peak": maximum_bytes(used)})


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
    with own_process():
        sys.exit(main(sys.argv[1:]))
