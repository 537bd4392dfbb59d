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
from collections.abc import Callable
from functools import cached_property
from types import TracebackType
from typing import Any, Never, Self, TypeVar

import cypher
from graphdb import embedded
from graphdb.address import Address, resolve_address
from graphdb.driver import exceptions, neo4j
from graphdb.errors import ZooError
from graphdb.faults import TooLargeError, check_memory, is_race, translated
from graphdb.schema import ensure_schema
from graphdb.timings import Timings
from graphdb.transactions import Counters, Row, Transaction, run_query, stream_query

__all__ = ["Counters", "Row", "Store", "TooLargeError", "Transaction", "translated"]

log = logging.getLogger("graphdb")
Outcome = TypeVar("Outcome")

_ATTEMPTS = 8
#: A driver that waits longer than this for a connection tells the user.
_CONNECT_SECONDS = 15.0
#: A server that takes the connection and then says nothing for longer is stopped.
_GREET_SECONDS = 30.0
#: How long the driver repeats a transaction that the server asks to repeat, or that lost its
#: connection: longer than a server takes to restart.
_RETRY_SECONDS = 30.0
#: The first wait before a repetition. The driver's own second is long for a lost race.
_RETRY_DELAY = 0.05
#: By how much the next wait is longer. By the driver's 2, the last one is as long as all before it:
#: a minute instead of 30 s until a user is told, and half of that after a server is back.
_RETRY_GROWTH = 1.5


class Store:
    """A connection to the graph, embedded or a server's: :meth:`open` it, use it with ``with``."""

    def __init__(
        self,
        address: Address,
        driver: neo4j.Driver,
        database: str | None,
        server: embedded.EmbeddedServer | None,
        access: tuple[str, str, str],
    ) -> None:
        self.address = address
        #: URL, user, password: from the environment or a prompt, asked once.
        self._access = access
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
        base = database or known.get("NEO4J_DATABASE", "").strip() or None
        store = cls(place, driver, base, None, (place.url, user, secret))
        try:
            store._greet()
        except BaseException:
            driver.close()
            raise
        return store

    @classmethod
    def _connect_embedded(cls, place: Address) -> Self:
        assert place.folder is not None
        with embedded.reachable(place.folder):
            served = embedded.find_served(place.folder)
            password = embedded.read_password(place.folder) if served else None
        if served is not None:
            access = served, embedded.USERNAME, password or ""
            store = cls(place, _driver(*access), embedded.DATABASE, None, access)
            try:
                with translated(place):  # at once: another program may have its port
                    store._driver.verify_connectivity()
            except BaseException:
                store._driver.close()
                raise
            return store
        server = embedded.EmbeddedServer(place.folder)
        access = server.url, embedded.USERNAME, server.password
        return cls(place, _driver(*access), embedded.DATABASE, server, access)

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
            stream_query(raw, name, params, begin(), self.timings)

        self._managed(work, access="read")

    def write(self, name: str, **params: Any) -> Counters:
        """Run a named query in a write transaction and say what it changed."""

        def work(raw: neo4j.ManagedTransaction) -> Counters:
            return run_query(raw, name, params, self.timings)[1]

        return self._managed(work, access="write")

    def transact(
        self,
        work: Callable[[Transaction], Outcome],
        *,
        access: str = "write",
        committed_again: bool = False,
    ) -> Outcome:
        """Run ``work`` in one transaction: whole or not at all. It may be run more than once.

        A connection that is lost while the server commits leaves open whether it did. Then this
        raises, or with ``committed_again`` runs the work again on what it may have written.
        """
        return self._managed(
            lambda raw: work(Transaction(raw, self.timings)),
            access=access,
            committed_again=committed_again,
        )

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

    @cached_property
    def queues_writers(self) -> bool:
        """Whether a writer waits for another's locks, as on Neo4j; elsewhere the later is undone.

        Who only speaks the protocol calls itself compatible. Asked once: no other kind of server
        comes to a store's address while it is open.
        """
        name = self.server()[0]
        return name.startswith("Neo4j/") and "compatible" not in name

    @property
    def bolt(self) -> tuple[str, str, str, str | None]:
        """URL, user, password and database, for another client of the same store."""
        return (*self._access, self.database)

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

    def __reduce__(self) -> Never:
        """No copies, by pickle, deepcopy or a process that is spawned: a connection is not shared.

        Raises:
            ZooError: always.
        """
        raise ZooError(
            "An open zoo cannot be copied, pickled or handed to another process. Open it there: "
            f"Zoo.open({str(self.address)!r})"
        )

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
        self,
        work: Callable[[neo4j.ManagedTransaction], Outcome],
        *,
        access: str,
        committed_again: bool = False,
    ) -> Outcome:
        """Try again what another writer was in the way of."""
        with translated(self.address):
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    return self._once(work, access=access)
                except (exceptions.ClientError, exceptions.TransientError) as error:
                    check_memory(self.address, error)
                    if attempt == _ATTEMPTS or not is_race(error):
                        raise
                    said = error.code
                except exceptions.IncompleteCommit:
                    if attempt == _ATTEMPTS or not committed_again:
                        raise
                    said = "connection lost in a commit"
                self.retries += 1
                log.info("%s, attempt %d of %d", said, attempt, _ATTEMPTS)
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
                check_memory(self.address, error)  # before the driver repeats in vain
                raise

        with self._driver.session(database=self.database) as session:
            execute = session.execute_read if access == "read" else session.execute_write
            return execute(counted)


def _driver(url: str, user: str, password: str) -> neo4j.Driver:
    return neo4j.GraphDatabase.driver(
        url,
        auth=(user, password),
        connection_timeout=_CONNECT_SECONDS,
        connection_acquisition_timeout=_GREET_SECONDS,
        max_transaction_retry_time=_RETRY_SECONDS,
        initial_retry_delay=_RETRY_DELAY,
        retry_delay_multiplier=_RETRY_GROWTH,
        retry_delay_jitter_factor=0.5,
        # Deprecations and hints are for who writes queries; the tests read them.
        notifications_min_severity="OFF",
    )


def _ask_password(place: Address, user: str) -> str:
    if not sys.stdin.isatty():
        raise ZooError(
            f"No password for {user!r} at {place}. Set NEO4J_PASSWORD and NEO4J_USERNAME "
            "(for the target of zoo db push: ZOO_PUSH_PASSWORD and ZOO_PUSH_USERNAME)"
        )
    return getpass.getpass(f"Password of {user} at {place}: ")
