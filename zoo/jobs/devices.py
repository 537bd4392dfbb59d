"""The accelerators that this machine's jobs may use, asked without loading torch.

A driver that was started before a fork, or before its environment names one device, is of no use to
a job: whoever starts jobs looks at the device files alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path

#: What a launcher of distributed training (torchrun, MPI, Slurm) left in the environment: a job is
#: one process, and with these accelerate would wait for processes that nobody starts.
DISTRIBUTED = frozenset(
    f"{prefix}{name}"
    for prefix, names in {
        "": ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK"),
        "PMI_": ("RANK", "SIZE"),
        "MPI_": ("LOCALRANKID", "LOCALNRANKS"),
        "OMPI_COMM_WORLD_": ("RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE"),
        "MV2_COMM_WORLD_": ("RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE"),
    }.items()
    for name in names
)


def devices(
    environment: Mapping[str, str] | None = None, *, files: Path = Path("/dev")
) -> list[str]:
    """What ``variable`` may hold, an entry a device; none on a machine without accelerator.

    Devices that the user chose are taken as they are named, up to the first that is none, as the
    driver reads them.
    """
    given = (os.environ if environment is None else environment).get(variable(files))
    if given is not None and _count(files):
        chosen = (entry.strip() for entry in given.split(","))
        return list(takewhile(lambda entry: entry not in ("", "-1"), chosen))
    return [str(number) for number in range(_count(files))]


def variable(files: Path = Path("/dev")) -> str:
    """The variable by which the driver of this machine's devices is told which to show."""
    return "HIP_VISIBLE_DEVICES" if (files / "kfd").exists() else "CUDA_VISIBLE_DEVICES"


def _count(files: Path) -> int:
    """NVIDIA's, AMD's by their render nodes, or the one that Windows lends to its Linux."""
    if (files / "kfd").exists():
        return len(list((files / "dri").glob("renderD*")))
    return len(list(files.glob("nvidia[0-9]*"))) or int((files / "dxg").exists())
