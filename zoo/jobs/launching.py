"""Where jobs run, by name."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable

from graphdb.errors import ZooError
from zoo.hub.failures import missing
from zoo.jobs.running import Launcher, MakeLauncher

_PACKAGES = ("transformers", "datasets", "accelerate", "peft", "PIL")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def launcher_for(where: str, *, parallel: int = 1, address: str | None = None) -> MakeLauncher:
    """``local``: processes of this machine. ``ray``: tasks of a Ray cluster, or of a local one.

    Raises:
        ZooError: no such launcher, or its extra is not installed.
    """
    check_packages()
    if where == "local":
        from zoo.jobs.local import LocalLauncher

        def local(beat: Callable[[], None]) -> Launcher:
            return LocalLauncher(parallel=parallel, beat=beat)

        return local
    if where == "ray":
        from zoo.jobs.ray import RayLauncher

        def ray(beat: Callable[[], None]) -> Launcher:
            return RayLauncher(address=address, beat=beat)

        return ray
    raise ZooError(f"Jobs cannot run on '{where}'; there are local and ray")


def check_packages() -> None:
    """Raises ZooError where the extra ``jobs`` is not installed: every job would die of it."""
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise ZooError(f"Fine-tuning: {missing(package)}")


def parse_seconds(text: str) -> float:
    """``90s``, ``30m``, ``4h``, ``2d`` in seconds.

    Raises:
        ZooError: anything else.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text.strip().lower())
    if not found or float(found[1]) <= 0:
        raise ZooError(f"--budget {text}: a time such as 90s, 30m or 4h is expected")
    return float(found[1]) * _UNITS[found[2]]
