"""docker-compose.yml without an engine: its rules, its settings and health check on a server."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.compose import FILE, neo4j_settings, service
from tests.neo4j import LTS, Server

PASSWORD = "a long enough one"  # with spaces: nothing may split it


def test_the_settings_reach_a_server_that_checks_every_name(compose_server: Server) -> None:
    settings = neo4j_settings()
    del settings["browser.post_connect_cmd"]  # names another port here
    assert settings["server.config.strict_validation.enabled"] == "true"
    assert settings["server.memory.heap.max_size"] == "1g"
    written = (compose_server.home / "conf" / "neo4j.conf").read_text().splitlines()
    assert {f"{name}={value}" for name, value in settings.items()} <= set(written)


def test_a_misspelt_setting_keeps_a_server_from_starting(
    compose_server: Server, tmp_path: Path
) -> None:
    misspelt = neo4j_settings() | {"server.memory.heap.max_sise": "1g"}
    with pytest.raises(RuntimeError, match="max_sise"):
        Server(tmp_path, release=compose_server.release, settings=misspelt).start()


def test_the_health_check_tells_a_server_that_answers(
    compose_server: Server, tmp_path: Path
) -> None:
    uri, password = compose_server.uri, compose_server.password
    java = compose_server.release.java()
    assert check_health(java, tmp_path, uri=uri, password=password) == 0
    assert check_health(java, tmp_path, uri=uri, password="wrong") != 0
    assert check_health(java, tmp_path, uri="bolt://127.0.0.1:1", password=password) != 0


def test_it_is_safe_as_it_comes() -> None:
    text = FILE.read_text()
    assert "${NEO4J_PASSWORD:?" in text, "no password, no start"
    for name in ("neo4j", "browser"):
        found = service(name)
        ports, volumes = found["ports"], found["volumes"]
        assert isinstance(ports, list) and isinstance(volumes, list)
        assert all(port.startswith("127.0.0.1:") for port in ports)
        assert found["mem_limit"]
        for volume in volumes:
            source = str(volume).split(":")[0]
            assert source in ("data", "logs") or (FILE.parent / source).exists()
    assert service()["image"] == "neo4j:5.26-community"


def test_docker_reads_it() -> None:
    """``docker compose config``, where the command line tool has that part."""
    docker = shutil.which("docker")
    if (
        docker is None
        or subprocess.run([docker, "compose", "version"], capture_output=True).returncode
    ):
        pytest.skip("no docker compose on this machine: the file is read by the other tests only")
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    command = [docker, "compose", "--file", str(FILE), "config", "--quiet"]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert refused.returncode != 0 and "Set NEO4J_PASSWORD" in refused.stderr
    environment["NEO4J_PASSWORD"] = PASSWORD
    accepted = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert accepted.returncode == 0, accepted.stderr


def check_health(java: Path, folder: Path, *, uri: str, password: str) -> int:
    """Run the health check as the container would, with the jar's cypher-shell on the path."""
    check = service()["healthcheck"]
    assert isinstance(check, dict)
    kind, command = check["test"]
    assert kind == "CMD-SHELL"
    shell = folder / "cypher-shell"
    jars = f'-cp "{LTS.jars()}/*"'
    shell.write_text(f'#!/bin/sh\nexec "{java}" {jars} org.neo4j.shell.Main "$@"\n')
    shell.chmod(shell.stat().st_mode | stat.S_IXUSR)
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "NEO4J_AUTH": f"neo4j/{password}",
        "NEO4J_ADDRESS": uri,
    }
    text = command.replace("$$", "$")
    done = subprocess.run(["sh", "-c", text], env=environment, capture_output=True, timeout=60)
    return done.returncode
