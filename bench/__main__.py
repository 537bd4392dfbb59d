"""``make bench``: every benchmark, one after the other; each prints its figures as JSON lines.

python -m bench [commands | learner | store | jobs ...]
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys

#: thesis.py is no benchmark of ours: docs/thesis.md has its command.
USUAL = ("commands", "learner", "store", "jobs")


def main(names: list[str]) -> int:
    print(f"# {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    failed = 0
    for name in names or USUAL:
        print(f"# python -m bench.{name}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
