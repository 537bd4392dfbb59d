"""The graph behind one driver: the only place that speaks Bolt.

Every query is a named file; values travel as parameters; every transaction is managed by the
driver, hence may run twice, hence is safe to repeat.
"""

from __future__ import annotations

import getpass
import logging
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import neo4j
from neo4j import exceptions

import cypher
from graphdb import embedded
from graphdb.address import Address, resolve_address
from graphdb.errors import ZooError
from graphdb.timings import Timings

log = logging.getLogger("graphdb")
#: Rows that a stream hands over at once.
_FETCH = 5_000
Row = dict[str, Any]
Outcome = TypeVar("Outcome")

_ATTEMPTS = 8
#: A driver that waits longer than this for a connection tells the user.
_CONNECT_SECONDS = 15.0
#: How long the driver repeats a transaction that the server asks to repeat, or that lost its
#: connection: longer than a server takes to restart.
_RETRY_SECONDS = 30.0
#: The first wait before a repetition. The driver's own second is long for a lost race.
_RETRY_DELAY = 0.05
_RACES = ("ConstraintValidationFailed", "EntityNotFound")
_MEMORY = ("MemoryPoolOutOfMemoryError", "OutOfMemoryError", "StackOverFlowError")


class TooLargeError(ZooError):
    """A transaction that the server's memory does not hold; nothing of it was written."""


@dataclass(frozen=True, slots=True)
class Counters:
    """What a write did, as the server counted it."""

    nodes_created: int = 0
    nodes_deleted: int = 0
    relationships_created: int = 0
    relationships_deleted: int = 0
    properties_set: int = 0


class Transaction:
    """A managed transaction seen through named queries."""

    def __init__(self, raw: neo4j.ManagedTransaction, timings: Timings) -> None:
        self._raw = raw
        self._timings = timings

    def run(self, name: str, **params: Any) -> list[Row]:
        return _run(self._raw, name, params, self._timings)[0]


class Store:
    """A connection to the graph, embedded or a server's: :meth:`open` it, use it with ``with``."""

    def __init__(
        self,
        address: Address,
        driver: neo4j.Driver,
        database: str | None,
        server: embedded.EmbeddedServer | None,
    ) -> None:
        self.address = address
        self.database = database
        self._driver = driver
        self._server = server
        #: Transactions that were run again: lost races, deadlocks, lost connections.
        self.retries = 0
        self.timings = Timings()

    @classmethod
    def open(
        cls,
        address: str | None = None,
        *,
        database: str | None = None,
        username: str | None = None,
        password: str | None = None,
        ambient: bool = True,
    ) -> Self:
        """Connect, start the embedded server where that is the address, and bring the schema up.

        Raises:
            ZooError: nothing answers, wrong credentials, a store of a newer version.
        """
        from graphdb.schema import ensure_schema

        store = cls.connect(
            address, database=database, username=username, password=password, ambient=ambient
        )
        try:
            ensure_schema(store)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def connect(
        cls,
        address: str | None = None,
        *,
        database: str | None = None,
        username: str | None = None,
        password: str | None = None,
        ambient: bool = True,
    ) -> Self:
        """Like :meth:`open`, but leaves the schema alone.

        Without ``ambient`` nothing is taken from the environment: it names another store.
        """
        place = resolve_address(address)
        if place.folder is not None:
            return cls._connect_embedded(place)
        assert place.url is not None
        known = os.environ if ambient else {}
        user = username or known.get("NEO4J_USERNAME") or "neo4j"
        secret = password or known.get("NEO4J_PASSWORD") or _ask_password(place, user)
        driver = _driver(place.url, user, secret)
        store = cls(place, driver, database or known.get("NEO4J_DATABASE"), None)
        try:
            store._greet()
        except BaseException:
            driver.close()
            raise
        return store

    @classmethod
    def _connect_embedded(cls, place: Address) -> Self:
        assert place.folder is not None
        served = embedded.find_served(place.folder)
        if served is not None:
            secret = embedded.read_password(place.folder) or ""
            driver = _driver(served, embedded.USERNAME, secret)
            return cls(place, driver, embedded.DATABASE, None)
        server = embedded.EmbeddedServer(place.folder)
        driver = _driver(server.url, embedded.USERNAME, server.password)
        return cls(place, driver, embedded.DATABASE, server)

    def read(self, name: str, **params: Any) -> list[Row]:
        """The rows of a named query, in a read transaction."""
        return self.transact(lambda tx: tx.run(name, **params), access="read")

    def stream(
        self, name: str, begin: Callable[[], Callable[[list[Row]], None]], **params: Any
    ) -> None:
        """Hand the rows of a named query over in batches, so that nobody has to hold them all.

        ``begin`` gives what takes the batches; a lost connection begins again at the first row.
        """

        def work(raw: neo4j.ManagedTransaction) -> None:
            _stream(raw, name, params, begin(), self.timings)

        self._managed(work, access="read")

    def write(self, name: str, **params: Any) -> Counters:
        """Run a named query in a write transaction and say what it changed."""

        def work(raw: neo4j.ManagedTransaction) -> Counters:
            return _run(raw, name, params, self.timings)[1]

        return self._managed(work, access="write")

    def transact(self, work: Callable[[Transaction], Outcome], *, access: str = "write") -> Outcome:
        """Run ``work`` in one transaction: whole or not at all. It may be run more than once."""
        return self._managed(lambda raw: work(Transaction(raw, self.timings)), access=access)

    def execute(self, statement: str) -> None:
        """Run one statement of the schema, which no transaction may share with data.

        ``IF NOT EXISTS`` looks before it locks: of two that create the same at once, one is told
        that it exists. It does then, which is all that was wanted.
        """
        with translated(self.address):
            try:
                self._driver.execute_query(statement, database_=self.database)
            except exceptions.ClientError as error:
                if not (error.code or "").endswith("SchemaRuleAlreadyExists"):
                    raise

    def server(self) -> tuple[str, str]:
        """The server's own name with version, and the Bolt protocol's version."""
        with translated(self.address):
            info = self._driver.get_server_info()
        return str(info.agent), ".".join(str(part) for part in info.protocol_version)

    @property
    def bolt(self) -> tuple[str, str, str, str | None]:
        """URL, user, password and database, for another client of the same store."""
        if self._server is not None:
            return self._server.url, embedded.USERNAME, self._server.password, self.database
        if self.address.folder is not None:
            url = embedded.find_served(self.address.folder) or ""
            secret = embedded.read_password(self.address.folder) or ""
            return url, embedded.USERNAME, secret, self.database
        assert self.address.url is not None
        user = os.environ.get("NEO4J_USERNAME") or "neo4j"
        return self.address.url, user, os.environ.get("NEO4J_PASSWORD") or "", self.database

    def announce(self) -> bool:
        """Let other commands in, where this process started the embedded server."""
        if self._server is None:
            return False
        self._server.announce()
        return True

    def close(self) -> None:
        self._driver.close()
        if self._server is not None:
            self._server.stop()
            self._server = None
        self.timings.keep(str(self.address))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _greet(self) -> None:
        """Fail now, in one line, where the server is absent or refuses."""
        with translated(self.address):
            # First without the retries of a transaction: a wrong port is said at once.
            self._driver.verify_connectivity()
            _, summary, _ = self._driver.execute_query(
                cypher.load("ping").text,
                database_=self.database,
                routing_=neo4j.RoutingControl.READ,
            )
        # The home database is resolved once: asking for it by name saves a round trip a session.
        self.database = summary.database

    def _managed(
        self, work: Callable[[neo4j.ManagedTransaction], Outcome], *, access: str
    ) -> Outcome:
        with translated(self.address):
            return self._repeated(work, access=access)

    def _repeated(
        self, work: Callable[[neo4j.ManagedTransaction], Outcome], *, access: str
    ) -> Outcome:
        """Try again what another writer was in the way of."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._once(work, access=access)
            except (exceptions.ClientError, exceptions.TransientError) as error:
                self._check_memory(error)
                if attempt == _ATTEMPTS or not _is_race(error):
                    raise
                self.retries += 1
                log.info("%s, attempt %d of %d", error.code, attempt, _ATTEMPTS)
                time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311
        raise AssertionError("unreachable")

    def _once(self, work: Callable[[neo4j.ManagedTransaction], Outcome], *, access: str) -> Outcome:
        """One managed transaction, which the driver may run several times."""
        tries = 0

        def counted(raw: neo4j.ManagedTransaction) -> Outcome:
            nonlocal tries
            tries += 1
            if tries > 1:
                self.retries += 1
                log.info("transaction repeated, %d times", tries - 1)
            try:
                return work(raw)
            except exceptions.TransientError as error:
                self._check_memory(error)  # before the driver repeats in vain
                raise

        with self._driver.session(database=self.database) as session:
            execute = session.execute_read if access == "read" else session.execute_write
            return execute(counted)

    def _check_memory(self, error: exceptions.Neo4jError) -> None:
        if (error.code or "").endswith(_MEMORY):
            raise TooLargeError(
                f"{self.address} has not the memory for this: {_line(error)}. "
                "Raise dbms.memory.transaction.total.max and the heap of the server"
            ) from error


def _run(
    raw: neo4j.ManagedTransaction, name: str, params: Mapping[str, Any], timings: Timings
) -> tuple[list[Row], Counters]:
    start = time.perf_counter()
    result = raw.run(_checked(name, params).text, dict(params))
    rows = [dict(record) for record in result]
    found = result.consume().counters
    _note(name, start, len(rows), timings)
    return rows, Counters(
        found.nodes_created,
        found.nodes_deleted,
        found.relationships_created,
        found.relationships_deleted,
        found.properties_set,
    )


def _stream(
    raw: neo4j.ManagedTransaction,
    name: str,
    params: Mapping[str, Any],
    handle: Callable[[list[Row]], None],
    timings: Timings,
) -> None:
    start = time.perf_counter()
    result = raw.run(_checked(name, params).text, dict(params))
    count = 0
    while batch := [dict(record) for record in result.fetch(_FETCH)]:
        count += len(batch)
        handle(batch)
    _note(name, start, count, timings)


def _checked(name: str, params: Mapping[str, Any]) -> cypher.Query:
    query = cypher.load(name)
    if set(query.params) != set(params):
        raise TypeError(f"query {name} takes {query.params}, got {sorted(params)}")
    return query


def _note(name: str, start: float, rows: int, timings: Timings) -> None:
    milliseconds = 1000 * (time.perf_counter() - start)
    timings.add(name, milliseconds)
    log.info("%s: %.1f ms, %d rows", name, milliseconds, rows)


def _is_race(error: exceptions.Neo4jError) -> bool:
    """Whether it may go well once the other writer is through.

    Two that MERGE one new key at once may collide on its constraint; a node that a transaction has
    read may be gone when it writes.
    """
    return isinstance(error, exceptions.TransientError) or (error.code or "").endswith(_RACES)


def _driver(url: str, user: str, password: str) -> neo4j.Driver:
    return neo4j.GraphDatabase.driver(
        url,
        auth=(user, password),
        connection_timeout=_CONNECT_SECONDS,
        max_transaction_retry_time=_RETRY_SECONDS,
        initial_retry_delay=_RETRY_DELAY,
        retry_delay_jitter_factor=0.5,
        # Deprecations and hints are for who writes queries; the tests read them.
        notifications_min_severity="OFF",
    )


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
            f"No answer from {address}: {_line(error)}. {_tls_hint(address)}Start it (docker "
            "compose up -d, or zoo db serve) and type the same command again: nothing is half "
            "written"
        ) from error
    except exceptions.Neo4jError as error:
        code = error.code or ""
        if code.endswith(("SyntaxError", "ParameterMissing", "TypeError")):
            raise
        raise ZooError(
            f"{address} could not do that: {_line(error)} [{code}]{_server_hint(error)}"
        ) from error
    except exceptions.DriverError as error:
        raise ZooError(f"{address}: {_line(error)}") from error


def _tls_hint(address: Address) -> str:
    if not (address.url or "").partition(":")[0].endswith("+s"):
        return ""
    return "Its certificate must be one that this machine trusts and bear this host's name. "


def _server_hint(error: exceptions.Neo4jError) -> str:
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
    return ". Is its disk full? Free some space, restart it, and type the same command again"


def _line(error: Exception) -> str:
    text = (error.message if isinstance(error, exceptions.Neo4jError) else None) or str(error)
    return " ".join(text.split()).split(" (resolved to")[0][:300]


def _ask_password(place: Address, user: str) -> str:
    if not sys.stdin.isatty():
        raise ZooError(
            f"No password for {user!r} at {place}. Set NEO4J_PASSWORD and NEO4J_USERNAME "
            "(for the target of zoo db push: ZOO_PUSH_PASSWORD and ZOO_PUSH_USERNAME)"
        )
    return getpass.getpass(f"Password of {user} at {place}: ")
