"""docker-compose.yml, read as Docker and the image's start script read it."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

FILE = Path(__file__).parents[1] / "docker-compose.yml"
#: NEO4J_* that the image's start script keeps from neo4j.conf.
_OF_THE_IMAGE = ("NEO4J_AUTH",)


def service(name: str = "neo4j") -> dict[str, object]:
    """One service of the file. Raises KeyError where there is none."""
    found: dict[str, object] = yaml.safe_load(FILE.read_text())["services"][name]
    return found


def neo4j_settings() -> dict[str, str]:
    """The lines of neo4j.conf that the image makes of the environment (``__`` is ``_``)."""
    environment = service()["environment"]
    assert isinstance(environment, dict)
    return {
        re.sub("_(?!_)", ".", name.removeprefix("NEO4J_").replace("__", "\0")).replace(
            "\0", "_"
        ): value
        for name, value in environment.items()
        if name not in _OF_THE_IMAGE
    }
