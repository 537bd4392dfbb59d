"""Which Neo4j runs on which Java, and how its jars get here."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from filelock import FileLock

POM = Path(__file__).with_name("pom.xml")
#: Jars and servers live here and are kept between runs; git ignores it.
CACHE = Path(__file__).parents[2] / ".neo4j"

_OPENED = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")


class UnavailableError(Exception):
    """This machine has no fitting Java, no Maven, or cannot reach the jars."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version of Neo4j and the Javas (major versions, both included) it runs on."""

    version: str
    main: str
    oldest_java: int
    newest_java: int

    @property
    def long_term(self) -> bool:
        """5.26: it starts through a boot check, and has a cypher-shell on Maven Central."""
        return self.version.startswith("5.")

    def runs_on(self, java: int) -> bool:
        return self.oldest_java <= java <= self.newest_java

    def jars(self) -> Path:
        """The folder of the server's jars, fetched with Maven the first time (about 140 MB)."""
        made_of = hashlib.sha256(POM.read_bytes()).hexdigest()[:8]
        folder = CACHE / f"jars-{self.version}-{made_of}"
        CACHE.mkdir(exist_ok=True)
        with FileLock(CACHE / "jars.lock"):
            if not folder.is_dir():
                part = folder.with_suffix(".part")
                shutil.rmtree(part, ignore_errors=True)
                self._fetch(part)
                part.rename(folder)
        return folder

    def java(self) -> Path:
        """The oldest fitting Java of this machine."""
        fitting = {path: major for path, major in javas().items() if self.runs_on(major)}
        if not fitting:
            wanted = f"Java {self.oldest_java} to {self.newest_java}"
            raise UnavailableError(f"Neo4j {self.version} needs {wanted}; found {_listed()}")
        return min(fitting, key=fitting.__getitem__)

    def java_options(self, java: Path) -> list[str]:
        opened = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED]
        options = [*opened, "-Dio.netty.tryReflectionSetAccessible=true"]
        if not self.long_term:
            options.append("--enable-native-access=ALL-UNNAMED")
        if javas()[java] >= 24:
            options.append("--sun-misc-unsafe-memory-access=allow")
        return options

    def _fetch(self, folder: Path) -> None:
        maven = shutil.which("mvn")
        if maven is None:
            raise UnavailableError("no Maven (mvn) to fetch Neo4j's jars with")
        command = [
            maven,
            "-q",
            "-B",
            "-Dstyle.color=never",
            f"--file={POM}",
            f"-Dneo4j.version={self.version}",
        ]
        if self.long_term:
            command.append("--activate-profiles=lts")
        command += ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        command.append(f"-DoutputDirectory={folder}")
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        if done.returncode != 0:
            words = (done.stdout + done.stderr).strip().splitlines()
            raise UnavailableError(f"Maven could not fetch Neo4j {self.version}: {words[:1]}")


LTS = Release("5.26.30", "org.neo4j.server.CommunityEntryPoint", 17, 21)
CURRENT = Release("2026.09.0", "org.neo4j.server.Neo4jCommunity", 21, 25)


def chosen() -> Release:
    """The release ``ZOO_TEST_NEO4J_VERSION`` names, else the first with a fitting Java.

    Raises:
        UnavailableError: where no release fits.
    """
    known = {release.version: release for release in (LTS, CURRENT)}
    version = os.environ.get("ZOO_TEST_NEO4J_VERSION")
    if version is not None:
        if version not in known:
            raise UnavailableError(
                f"ZOO_TEST_NEO4J_VERSION={version}: known are {', '.join(known)}"
            )
        return known[version]
    for release in known.values():
        if any(release.runs_on(major) for major in javas().values()):
            return release
    raise UnavailableError(f"Neo4j needs Java 17 to 25; found {_listed()}")


@cache
def javas() -> dict[Path, int]:
    """Every Java of this machine and its major version, JAVA_HOME and PATH first."""
    found: dict[Path, int] = {}
    for path in _candidates():
        major = _major(path) if path.is_file() and path.resolve() not in found else None
        if major is not None:
            found[path.resolve()] = major
    return found


def _candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home) / "bin" / "java"
    if found := shutil.which("java"):
        yield Path(found)
    yield from sorted(Path("/usr/lib/jvm").glob("*/bin/java"))
    yield from sorted(Path("/Library/Java/JavaVirtualMachines").glob("*/Contents/Home/bin/java"))


def _major(java: Path) -> int | None:
    done = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    match = re.search(r'version "(\d+)', done.stderr)
    return int(match[1]) if match else None


def _listed() -> str:
    return ", ".join(f"Java {major}" for major in javas().values()) or "no Java"
