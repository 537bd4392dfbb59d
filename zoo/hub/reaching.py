"""Whether the hub can be reached, asked once and quickly: its libraries ask for minutes.

They try each file again and again with growing pauses, and some of their requests wait as long as
the system does. A hub that only is slow is waited for as ever.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Seconds until a connection counts as none, and for which an answer is believed.
_CONNECT_SECONDS = 10.0
_BELIEVED_SECONDS = 60.0
_PAUSE_SECONDS = 1.0
#: What says that nobody is there, by class name: which client the hub's library uses changes.
_NOBODY = frozenset({"ConnectError", "ConnectTimeout", "ProxyError"})
_answers: dict[str, tuple[float, bool]] = {}


def is_offline() -> bool:
    """Whether HF_HUB_OFFLINE says not to ask the hub."""
    from huggingface_hub import constants

    return bool(constants.is_offline_mode())


def is_reachable() -> bool:
    """Whether a connection to the hub comes about."""
    from huggingface_hub import constants

    hub = os.environ.get("HF_ENDPOINT") or constants.ENDPOINT
    asked, answer = _answers.get(hub, (-_BELIEVED_SECONDS, False))
    if time.monotonic() - asked >= _BELIEVED_SECONDS:
        answer = _connects(hub)
        if not answer:  # a name server may have been busy
            time.sleep(_PAUSE_SECONDS)
            answer = _connects(hub)
        _answers[hub] = time.monotonic(), answer
    return answer


def _connects(hub: str) -> bool:
    from huggingface_hub import get_session

    try:
        get_session().head(hub, timeout=_CONNECT_SECONDS)
    except Exception as error:  # a client's own classes
        # What else is wrong, the request itself says.
        return not _NOBODY & {kind.__name__ for kind in type(error).__mro__}
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
