"""A real Neo4j without Docker: jars from Maven Central, a free port, a random password."""

from tests.neo4j.releases import CURRENT, LTS, Release, UnavailableError
from tests.neo4j.server import Server

__all__ = ["CURRENT", "LTS", "Release", "Server", "UnavailableError"]
