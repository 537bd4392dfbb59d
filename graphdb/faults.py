"""What a database may answer, as what a user can do about it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from graphdb import embedded
from graphdb.address import Address
from graphdb.driver import exceptions
from graphdb.errors import ZooError, to_type

#: As the driver writes it: IPv4Address(('127.0.0.1', 7687)) (ResolvedIPv4Address((...))).
_ADDRESS = re.compile(r"IPv[46]Address\(\('([^']*)', (\d+)[^)]*\)\)(?: \(Resolved[^)]*\)\)\))?")
_RACES = ("ConstraintValidationFailed", "EntityNotFound")
_MEMORY = ("MemoryPoolOutOfMemoryError", "OutOfMemoryError", "StackOverFlowError")


class TooLargeError(ZooError):
    """A transaction that the server's memory does not hold; nothing of it was written."""


def check_memory(address: Address, error: exceptions.Neo4jError) -> None:
    """Raises TooLargeError where a server's memory was too small: repeating is in vain."""
    if (error.code or "").endswith(_MEMORY):
        raise TooLargeError(
            f"{address} has not the memory for this: {_line(error)}. "
            "Raise db.memory.transaction.max, dbms.memory.transaction.total.max and the heap "
            "of the server, and type the same command again: nothing is half written"
        ) from error


def is_race(error: exceptions.Neo4jError) -> bool:
    """Whether it may go well once the other writer is through.

    Two that MERGE one new key at once may collide on its constraint; a node that a transaction has
    read may be gone when it writes.
    """
    return isinstance(error, exceptions.TransientError) or (error.code or "").endswith(_RACES)


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Turn what a user can act on into a ZooError; a bug of ours keeps its traceback."""
    try:
        yield
    except exceptions.AuthError as error:
        raise ZooError(
            f"{address} refused the user name or password. "
            "Set NEO4J_USERNAME and NEO4J_PASSWORD and try again"
        ) from error
    except exceptions.Forbidden as error:
        raise ZooError(f"{address}: this user may not do that: {_line(error)}") from error
    except (exceptions.ServiceUnavailable, exceptions.SessionExpired) as error:
        raise ZooError(
            f"No answer from {address}: {_line(error)}. {_start_hint(address, _line(error))} and "
            "type the same command again: nothing is half written"
        ) from error
    except exceptions.Neo4jError as error:
        code = error.code or ""
        if code.endswith(("SyntaxError", "ParameterMissing", "TypeError")):
            raise
        raise ZooError(
            f"{address} could not do that: {_line(error)} [{code}]{_server_hint(address, error)}"
        ) from error
    except exceptions.DriverError as error:
        raise ZooError(f"{address}: {_line(error)}") from error


def _start_hint(address: Address, said: str) -> str:
    if address.folder is None:
        start = "Start it (docker compose up -d), one that hangs anew (docker compose restart),"
        return f"{_tls_hint(address)}{start}"
    serve = to_type(embedded.SERVE, store=str(address))
    if not embedded.is_locked(address.folder):
        return f"Who served it has ended: start {serve}"
    served = embedded.find_served(address.folder)
    if served is not None and served.rpartition("/")[2] not in said:
        return "It was ended and started again meanwhile: wait a moment"
    holder = embedded.find_holder(address.folder)
    if holder.startswith(f"process {os.getpid()} "):
        return f"Its engine has ended within this command: look at {address.folder / 'log'}"
    return (
        f"It is held by {holder}, which does not answer there: it is stopped, or another program "
        f"has its port. End that process, start {serve}"
    )


def _tls_hint(address: Address) -> str:
    if not (address.url or "").partition(":")[0].endswith("+s"):
        return ""
    return "Its certificate must be one that this machine trusts and bear this host's name. "


def _server_hint(address: Address, error: exceptions.Neo4jError) -> str:
    """Where the server failed and not the query: what it is most often."""
    text = f"{error.code} {error.message}"
    signs = (
        "server log",
        "Could not append",
        "DatabaseUnavailable",
        "TransactionLogError",
        "panic",
    )
    if not any(sign in text for sign in signs):
        return ""
    if address.folder is not None:
        look = shlex.quote(str(address.folder))
        return (
            f". Is the disk of {address.folder} full? Look: df -h {look}. Free some space and type "
            "the same command again; a zoo db serve that runs, end and start before"
        )
    return (
        f". Is the disk of {address} full? Look there: df -h (its folder of data). Free some "
        "space, restart it (docker compose restart), and type the same command again"
    )


def _line(error: Exception) -> str:
    text = (error.message if isinstance(error, exceptions.Neo4jError) else None) or str(error)
    return _ADDRESS.sub(r"\1:\2", " ".join(text.split()).split(" (resolved to")[0])[:300]
