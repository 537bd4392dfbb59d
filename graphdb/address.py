"""Which store a command talks to, and with which credentials.

Order: what was typed (``--store``), ``ZOO_STORE``, ``NEO4J_URI``, else the embedded store in the
user's data folder. Credentials come from ``NEO4J_USERNAME`` and ``NEO4J_PASSWORD`` or from a
prompt, never from an argument, and never stand in an address.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from graphdb.errors import ZooError

EMBEDDED = "embedded:"
_SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")


@dataclass(frozen=True, slots=True)
class Address:
    """``folder`` is set for an embedded store, ``url`` for a server."""

    url: str | None = None
    folder: Path | None = None

    def __str__(self) -> str:
        return self.url if self.url is not None else f"{EMBEDDED}{self.folder}"


def resolve_address(given: str | None = None) -> Address:
    """The store that ``given``, else the environment, names. ZooError where it is malformed."""
    named = (given, os.environ.get("ZOO_STORE"), os.environ.get("NEO4J_URI"))
    text = next((each for each in named if each and not each.isspace()), EMBEDDED)
    if text.startswith(EMBEDDED):
        rest = text.removeprefix(EMBEDDED)
        return Address(folder=_folder(rest) if rest else data_folder() / "store")
    return Address(url=_checked_url(text))


def data_folder() -> Path:
    """The user's folder of this program's data."""
    return Path(platformdirs.user_data_dir("transferzoo", appauthor=False))


def _folder(text: str) -> Path:
    try:
        folder = Path(text).expanduser().absolute()
        folder.exists()
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "there is no such user"
        raise ZooError(
            f"No store can lie at {text[:200]!r} ({reason}). Name a folder: --store embedded:PATH"
        ) from None
    return folder


def _checked_url(text: str) -> str:
    hint = "Use embedded:, embedded:/a/folder, bolt://host:7687 or neo4j+s://host"
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ZooError(f"The store's address is malformed. {hint}") from None
    if parts.username or parts.password:
        # The address is not echoed: it holds a secret.
        raise ZooError(
            "The store's address holds credentials. Put them into NEO4J_USERNAME and NEO4J_PASSWORD"
        )
    if "@" in text or parts.query or parts.fragment:
        # Perhaps a secret, in a place where an address has none: it is not echoed either.
        raise ZooError(f"The store's address is malformed. {hint}")
    if parts.scheme not in _SCHEMES or not parts.hostname or parts.path.strip("/"):
        raise ZooError(f"Not a store's address: {text[:200]!r}. {hint}")
    return text
