"""Whether the hub can be reached, asked once and quickly: its libraries ask for minutes.

They try each file again and again with growing pauses, and some of their requests wait as long as
the system does. A hub that only is slow is waited for as ever.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

#: Seconds in which somebody takes a connection, or nobody is there: a system asks once more after
#: one and three. Then a hub may take its time to say who it is, up to the next.
_LISTEN_SECONDS = 5.0
_CONNECT_SECONDS = 10.0
#: Seconds for which an answer is believed.
_BELIEVED_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
#: What says that nobody is there, by class name: which client the hub's library uses changes.
_NOBODY = frozenset({"ConnectError", "ConnectTimeout", "ProxyError"})
_answers: dict[str, tuple[float, bool]] = {}


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE says not to ask the hub."""
    from huggingface_hub import constants

    return bool(constants.is_offline_mode())


def why_absent(model: str, *, revision: str | None) -> str | None:
    """Why a model of the hub cannot be had, where the hub is not asked or not to be reached and the
    cache holds nothing of it: known before the libraries that would load it are."""
    from huggingface_hub import try_to_load_from_cache

    if isinstance(try_to_load_from_cache(model, "config.json", revision=revision), str):
        return None
    if is_offline():
        return "offline (HF_HUB_OFFLINE) and not in the local cache"
    return None if is_reachable() else "the hub cannot be reached and nothing is in the local cache"


def is_reachable() -> bool:
    """Whether a connection to the hub comes about."""
    from huggingface_hub import constants

    hub = os.environ.get("HF_ENDPOINT") or constants.ENDPOINT
    asked, answer = _answers.get(hub, (-_BELIEVED_SECONDS, False))
    if time.monotonic() - asked >= _BELIEVED_SECONDS:
        started = time.monotonic()
        answer = _connects(hub)
        # A name server may have been busy; who was silent for so long was asked several times.
        if not answer and time.monotonic() - started < _LISTEN_SECONDS:
            time.sleep(_PAUSE_SECONDS)
            answer = _connects(hub)
        _answers[hub] = time.monotonic(), answer
    return answer


def _connects(hub: str) -> bool:
    from huggingface_hub import get_session

    if not getproxies().keys() - {"no"} and not _listens(hub):
        return False
    try:
        get_session().head(hub, timeout=_CONNECT_SECONDS)
    except Exception as error:  # a client's own classes
        # What else is wrong, the request itself says.
        return not _NOBODY & {kind.__name__ for kind in type(error).__mro__}
    return True


def _listens(hub: str) -> bool:
    """Whether anybody takes a connection at one of the hub's addresses, which its libraries try one
    after the other."""
    place = urlsplit(hub)
    try:
        found = socket.getaddrinfo(
            place.hostname, place.port or place.scheme, type=socket.SOCK_STREAM
        )
    except OSError:
        return False
    addresses = {address[:2] for *_, address in found}
    with ThreadPoolExecutor(len(addresses)) as threads:
        return any(list(threads.map(_takes, addresses)))


def _takes(address: tuple[Any, ...]) -> bool:
    try:
        socket.create_connection(address, timeout=_LISTEN_SECONDS).close()
    except OSError:
        return False
    return True


@contextmanager
def offline_where_unreachable() -> Iterator[None]:
    """As long as the block lasts a hub that cannot be reached is not asked: its libraries take what
    their caches hold, at once, as with HF_HUB_OFFLINE."""
    if is_offline() or is_reachable():
        yield
        return
    import datasets
    from huggingface_hub import constants

    settings: tuple[Any, ...] = (constants, datasets.config)
    for one in settings:
        one.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        for one in settings:
            one.HF_HUB_OFFLINE = False
