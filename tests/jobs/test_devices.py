"""Which device a job is given, from device files and environments that are made up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from zoo.hub import load_dataset
from zoo.jobs.devices import DISTRIBUTED, devices, variable
from zoo.jobs.embedding import load_probe, represent, walk
from zoo.jobs.memory import halving
from zoo.jobs.specs import ModelSource, Settings


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ["0", "1", "2"]),
        ("2,0", ["2", "0"]),
        ("MIG-a/1/0, MIG-b/2/0", ["MIG-a/1/0", "MIG-b/2/0"]),
        ("1,-1,0", ["1"]),
        ("", []),
    ],
)
def test_devices_are_those_that_the_user_shows(
    tmp_path: Path, given: str | None, expected: list[str]
) -> None:
    for name in ("nvidia0", "nvidia1", "nvidia5", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    environment = {} if given is None else {"CUDA_VISIBLE_DEVICES": given}
    assert devices(environment, files=tmp_path) == expected


def test_other_makers_and_machines_without(tmp_path: Path) -> None:
    assert devices({"CUDA_VISIBLE_DEVICES": "0"}, files=tmp_path) == []
    (tmp_path / "dxg").touch()
    assert devices({}, files=tmp_path) == ["0"]
    (tmp_path / "kfd").touch()
    (tmp_path / "dri").mkdir()
    for name in ("card0", "renderD128", "renderD129"):
        (tmp_path / "dri" / name).touch()
    assert (devices({}, files=tmp_path), variable(tmp_path)) == (["0", "1"], "HIP_VISIBLE_DEVICES")


def test_a_job_is_no_rank_of_somebody_elses_training() -> None:
    """What torchrun or MPI left in the environment of the command does not reach its jobs."""
    script = "import json\nfrom zoo.jobs.local import _alone\nprint(json.dumps(_alone()))"
    environment = os.environ | {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2", "PMI_SIZE": "2"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    left = json.loads(done.stdout)
    assert not DISTRIBUTED & set(left) and left["PATH"] == os.environ["PATH"]


def test_a_batch_that_is_no_power_of_two_keeps_its_steps() -> None:
    """Only divisors are tried, so that accumulated batches make up the one asked for."""
    tried: list[int] = []

    def train(batch: int) -> int:
        tried.append(batch)
        if batch > 1:
            raise MemoryError
        return batch

    assert halving(train, 30) == 1
    assert tried == [30, 15, 6, 3, 1] and all(30 % batch == 0 for batch in tried)


def test_a_probe_and_what_it_reads_are_on_one_device(image_model: Path, images: Path) -> None:
    """The device without memory refuses tensors of another one, as an accelerator does."""
    data, settings = load_dataset(str(images)), Settings()
    source = ModelSource(id="probe", address=str(image_model))
    probe = load_probe(source, modality="image", settings=settings)
    probe.model.to("meta")
    seen = walk(
        data, probe, np.arange(4), settings=settings, look=lambda b: represent(probe.model, b)
    )
    with pytest.raises(NotImplementedError, match="no data"):  # forward done, nothing to read
        next(seen)
