"""``python -m tests.neo4j start|stop|env``: a Neo4j to look at, kept under .neo4j/server."""

from __future__ import annotations

import argparse
import sys

from tests.neo4j.releases import CACHE, UnavailableError, chosen
from tests.neo4j.server import Server


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.neo4j", description=__doc__)
    parser.add_argument("command", choices=["start", "stop", "env"])
    command = parser.parse_args().command
    try:
        release = chosen()
        home = CACHE / f"server-{release.version}"
        server = Server(home, release=release, child=False)
        return {"start": _start, "stop": _stop, "env": _env}[command](server)
    except UnavailableError as error:
        print(f"No Neo4j on this machine: {error}", file=sys.stderr)
        return 1


def _start(server: Server) -> int:
    server.start()
    print(f"# Neo4j {server.release.version} runs (process {server.pid}); end it: make neo4j-stop")
    print(f"# Browser: {server.browser}  (connect to {server.uri})")
    return _env(server)


def _stop(server: Server) -> int:
    server.stop()
    return 0


def _env(server: Server) -> int:
    if server.pid is None:
        print("No Neo4j runs here. Start one with: make neo4j", file=sys.stderr)
        return 1
    for name, value in server.environment.items():
        print(f"export {name}={value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
