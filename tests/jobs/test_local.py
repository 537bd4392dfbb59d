"""Jobs as processes: killed, broken and interrupted ones, and the command that runs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from graphdb.errors import ZooError
from tests.jobs.conftest import job
from zoo.jobs.local import LocalLauncher
from zoo.jobs.specs import FineTuningSpec, Outcome


def test_each_job_is_a_process_and_a_killed_one_is_a_failure(
    image_model: Path, images: Path, tmp_path: Path
) -> None:
    """Three at a time; one of them is killed in the middle, the others end."""
    specs = [job(image_model, images, tmp_path, identity=f"j{n}", epochs=1) for n in range(3)]
    specs[1] = job(image_model, images, tmp_path, identity="victim", epochs=5_000)
    seen: set[int] = set()
    fresh: list[int] = []
    launcher: LocalLauncher

    def beat() -> None:
        for pid in {*launcher.processes.values()} - seen:
            seen.add(pid)
            with suppress(psutil.NoSuchProcess):  # ended already
                fresh.extend([pid] * ("zoo.jobs.worker" in psutil.Process(pid).cmdline()))
        victim = launcher.processes.get("victim")
        if victim is not None and len(ended) == 2:
            with suppress(ProcessLookupError):  # dead already, and not yet told
                os.kill(victim, signal.SIGKILL)

    ended: dict[str, tuple[str, str | None]] = {}
    memory = 0
    with LocalLauncher(parallel=3, beat=beat) as launcher:
        for finished in launcher.run(specs):
            ended[finished.spec.id] = (finished.outcome.status, finished.outcome.reason)
            if finished.spec.id == "victim":
                assert finished.outcome.cause == "process"
                memory = finished.outcome.peak_memory_bytes or 0
    assert ended["j0"][0] == ended["j2"][0] == "done", ended
    assert ended["victim"][0] == "failed" and "killed by signal 9" in str(ended["victim"][1])
    assert memory > 10**7, "what a killed job took is what one wants to know of it"
    assert len(seen) == 3 and not any(psutil.pid_exists(pid) for pid in seen)
    assert not fresh, "they are forked from a parent that has the libraries"


@pytest.mark.parametrize("preload", [True, False])
def test_a_killed_parent_of_jobs_takes_its_job_along_and_the_next_one_has_another(
    image_model: Path, images: Path, tmp_path: Path, preload: bool
) -> None:
    specs = [
        job(image_model, images, tmp_path, identity="victim", epochs=100_000),
        job(image_model, images, tmp_path, identity="next", epochs=1),
    ]
    orphans: list[int] = []
    launcher: LocalLauncher

    def beat() -> None:
        pid = launcher.processes.get("victim")
        if pid is not None and not orphans:
            time.sleep(1)  # a moment in which it may or may not have begun
            orphans.append(pid)
            psutil.Process(psutil.Process(pid).ppid()).kill()

    with LocalLauncher(preload=preload, beat=beat) as launcher:
        ended = {finished.spec.id: finished.outcome for finished in launcher.run(specs)}
    assert (ended["victim"].status, ended["victim"].cause) == ("failed", "process")
    assert "the parent of its process was killed by signal 9" in str(ended["victim"].reason)
    assert ended["next"].status == "done", ended["next"].reason
    [orphan] = orphans
    deadline = time.monotonic() + 60
    while psutil.pid_exists(orphan) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(orphan), "nobody waits for it any more"


def test_a_parent_that_has_started_the_driver_gives_its_jobs_fresh_interpreters(
    image_model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forked driver answers nothing; torch knows of its own, also on a machine without one.

    Nor is what it prints meanwhile an answer.
    """
    torch = pytest.importorskip("torch", reason="the extra `jobs` is not installed")
    if torch.version.cuda is None:
        pytest.skip("this torch knows no driver")
    seen: list[list[str]] = []

    def beat() -> None:
        for pid in launcher.processes.values():
            with suppress(psutil.NoSuchProcess):
                seen.append(psutil.Process(pid).cmdline())

    (tmp_path / "site").mkdir()
    hook = "import torch\ntorch._C._cuda_getDeviceCount()\nprint('Welcome', flush=True)\n"
    (tmp_path / "site/sitecustomize.py").write_text(hook, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    with LocalLauncher(beat=beat) as launcher:
        [finished] = launcher.run([job(image_model, images, tmp_path, epochs=20)])
    assert finished.outcome.status == "done", finished.outcome.reason
    assert "zoo.jobs.worker" in seen[-1]


_LIBRARIES = "The libraries of the jobs cannot be loaded: the process"
_MEND = "Mend their installation: pip install --force-reinstall 'transferzoo[jobs]'"
_LOADING = "the parent of its process was killed by signal"


@pytest.mark.parametrize(
    ("preload", "broken", "told"),
    [
        (True, "raise ImportError('no lib.so')",
         f"{_LIBRARIES} ended with code 1: ImportError: no lib.so. {_MEND}"),
        (True, "os.kill(os.getpid(), 11)",
         f"{_LIBRARIES} was killed by signal 11 (Segmentation fault). {_MEND}"),
        (True, "os.kill(os.getpid(), 15)",
         f"{_LOADING} 15 (Terminated) while it loaded the libraries"),
        (True, "os.kill(os.getpid(), 9)",
         f"{_LOADING} 9 (the system does that where main memory runs out) "
         "while it loaded the libraries"),
        (False, "raise ImportError('no lib.so')",
         f"its process ended with code 1: ImportError: no lib.so. {_MEND}"),
        (False, "os.kill(os.getpid(), 11)",
         "its process was killed by signal 11 (Segmentation fault)"),
    ],
    ids=lambda value: str(value)[:25],
)  # fmt: skip
def test_what_ends_while_it_loads_libraries_says_so(
    image_model: Path,
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    preload: bool,
    broken: str,
    told: str,
) -> None:
    """No job is to blame for libraries that nobody can load: the command ends with it."""
    (tmp_path / "site/torch").mkdir(parents=True)
    (tmp_path / "site/torch/__init__.py").write_text(f"import os\n{broken}\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    with LocalLauncher(preload=preload) as launcher:
        if told.startswith(_LIBRARIES):
            with pytest.raises(ZooError) as caught:
                list(launcher.run([job(image_model, images, tmp_path)]))
            assert str(caught.value) == told
        else:
            [finished] = launcher.run([job(image_model, images, tmp_path)])
            assert (finished.outcome.cause, finished.outcome.reason) == ("process", told)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty temporary directory, of this process and of those that it starts."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.mark.parametrize("preload", [True, False])
def test_nothing_is_left_in_the_temporary_directory(
    image_model: Path,
    images: Path,
    texts: Path,
    tmp_path: Path,
    scratch: Path,
    monkeypatch: pytest.MonkeyPatch,
    preload: bool,
) -> None:
    """A job that fails, and leaves there what it wrote, here by the code of its model; then one
    that is interrupted."""
    model = tmp_path / "untidy"
    model.mkdir()
    written = tmp_path / "written"
    (model / "code.py").write_text(
        "import pathlib, tempfile\n"
        f"pathlib.Path({str(written)!r}).write_text(tempfile.mkdtemp())\n",
        encoding="utf-8",
    )
    (model / "config.json").write_text(
        '{"model_type": "strange", "auto_map": {"AutoConfig": "code.Config"}}', encoding="utf-8"
    )
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    spec = job(model, texts, tmp_path)
    trusted = spec.model.model_copy(update={"trust_remote_code": True})
    endless = job(image_model, images, tmp_path, identity="endless", epochs=100_000)

    def beat() -> None:
        if endless.id in launcher.processes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), LocalLauncher(preload=preload, beat=beat) as launcher:
        [finished] = launcher.run([spec.model_copy(update={"model": trusted})])
        list(launcher.run([endless]))
    assert finished.outcome.cause == "model", finished.outcome
    assert Path(written.read_text("utf-8")).is_relative_to(scratch)
    assert list(scratch.iterdir()) == []


def test_a_process_of_rays_keeps_the_parent_of_its_jobs_for_the_next_task(
    image_model: Path, images: Path, tmp_path: Path, scratch: Path
) -> None:
    from zoo.jobs import ray

    parents = []
    for name in ("first", "second"):
        spec = job(image_model, images, tmp_path, identity=name, epochs=1)
        done = Outcome.model_validate_json(ray._run_job(spec.model_dump_json()))
        assert done.status == "done", done.reason
        parents += [child.pid for child in psutil.Process().children()
                    if "zoo.jobs.nursery" in child.cmdline()]  # fmt: skip
    ray._launchers.pop().stop()
    assert len(parents) == 2 and len(set(parents)) == 1
    assert not list(scratch.iterdir())


#: What a command does whose files may have so many bytes at most; the last line it says.
CRAMPED = """
import resource, sys
from graphdb.errors import ZooError
from zoo.jobs.local import LocalLauncher
from zoo.jobs.specs import FineTuningSpec
spec = FineTuningSpec.model_validate_json(sys.stdin.read())
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
try:
    with LocalLauncher(preload=False) as launcher:
        list(launcher.run([spec]))
except ZooError as error:
    print(error)
"""


@pytest.mark.parametrize("size", [0, 100])
def test_a_temporary_directory_that_takes_nothing_is_told_in_a_line(
    image_model: Path, images: Path, tmp_path: Path, scratch: Path, size: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CRAMPED, str(size)],
        input=job(image_model, images, tmp_path).model_dump_json(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    [line] = done.stdout.splitlines()
    assert line.startswith(f"Cannot write to the temporary directory {scratch}: "), done.stderr
    assert line.endswith("or name another (TMPDIR=FOLDER), and type the same command again")
    assert done.returncode == 0 and not list(scratch.iterdir())


@pytest.mark.parametrize("hold", [True, False])
def test_an_answer_that_cannot_be_written_is_held_or_told(
    image_model: Path, images: Path, tmp_path: Path, scratch: Path, hold: bool
) -> None:
    spec = job(image_model, images, tmp_path, epochs=1).model_copy(update={"hold": hold})

    def beat() -> None:
        for folder in scratch.glob(f"zoo-jobs-*/{spec.id}"):
            (folder / "outcome.partial").mkdir(exist_ok=True)  # where it would be written first

    with LocalLauncher(beat=beat) as launcher:
        [finished] = launcher.run([spec])
    found = finished.outcome
    if hold:
        assert found.status == "done", found.reason
    else:
        assert (found.status, found.cause) == ("failed", "process"), "it comes back by itself"
        assert "could not write its result: free some space in" in str(found.reason)


COMMAND = """
import sys
from pathlib import Path
from zoo.jobs.local import LocalLauncher
from zoo.jobs.specs import FineTuningSpec
spec = FineTuningSpec.model_validate_json(sys.stdin.read())
with LocalLauncher(beat=lambda: print(*launcher.processes.values(), flush=True)) as launcher:
    list(launcher.run([spec]))
"""


def start_command(spec: FineTuningSpec) -> subprocess.Popen[str]:
    """A command that runs one job and says again and again which process it is."""
    command = subprocess.Popen(
        [sys.executable, "-c", COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert command.stdin is not None
    with command.stdin as stdin:
        stdin.write(spec.model_dump_json())
    return command


def test_nothing_is_left_where_the_command_is_killed_before_its_first_job(
    image_model: Path, images: Path, tmp_path: Path, scratch: Path
) -> None:
    """The parent of the jobs is loading the libraries meanwhile, and says so to nobody."""
    spec = job(image_model, images, tmp_path)
    command = start_command(spec)
    deadline = time.monotonic() + 60
    while not list(scratch.glob("*/nursery.log")) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)  # it has been started, or nobody is there to remove anything
    assert list(scratch.iterdir())
    command.kill()
    command.wait()
    assert command.stdout is not None
    command.stdout.close()
    while list(scratch.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not list(scratch.iterdir())


def test_what_is_left_where_all_were_killed_at_once_goes_with_the_next_command(
    image_model: Path, images: Path, tmp_path: Path, scratch: Path
) -> None:
    """As Ray does on a node; and nothing of those that live."""
    spec = job(image_model, images, tmp_path, epochs=100_000)
    command = start_command(spec)
    assert command.stdout is not None
    pid = next(int(line) for line in command.stdout if line.strip())
    [folder] = scratch.iterdir()
    os.utime(folder / "lock", (0, 0))
    LocalLauncher().stop()
    assert list(scratch.iterdir()) == [folder], "it is in use"
    parent = psutil.Process(psutil.Process(pid).ppid())
    parent.suspend()  # or it would remove the folder itself
    for one in (command, parent):
        one.kill()
    command.wait()
    command.stdout.close()
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(scratch.iterdir()) == [folder]
    LocalLauncher().stop()
    assert not list(scratch.iterdir())


def test_no_job_and_no_file_survives_a_killed_command(
    image_model: Path, images: Path, tmp_path: Path, scratch: Path
) -> None:
    spec = job(image_model, images, tmp_path, epochs=100_000)
    command = start_command(spec)
    assert command.stdout is not None
    pid = next(int(line) for line in command.stdout if line.strip())
    assert psutil.pid_exists(pid) and list(scratch.iterdir())
    command.kill()
    command.wait()
    command.stdout.close()
    deadline = time.monotonic() + 20
    while (psutil.pid_exists(pid) or list(scratch.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(pid)
    assert list(scratch.iterdir()) == []
