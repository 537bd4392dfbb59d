"""One line of reason for whatever a hub, a folder or a file did instead of answering."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from graphdb.errors import ZooError

#: Longer reasons are cut: the graph keeps a reason, a log keeps a story.
REASON_CHARACTERS = 500
#: Packages whose exceptions tell about the outside world, never about a bug of ours.
_OUTSIDE = frozenset(
    {"huggingface_hub", "httpx", "httpx2", "httpcore", "httpcore2", "requests", "datasets",
     "safetensors", "pyarrow", "PIL", "pandas", "tomllib", "yaml"}
)  # fmt: skip
#: What the hub's exceptions mean to the one who asked, by class name, most special first.
_MEANINGS = {
    "GatedRepoError": "gated: accept its terms on the hub and log in with: hf auth login",
    "RepositoryNotFoundError": "not on the hub (or private: log in with: hf auth login)",
    "RevisionNotFoundError": "the hub has no such revision",
    "LocalEntryNotFoundError": "the hub cannot be reached and nothing is in the local cache",
    "OfflineModeIsEnabled": "offline (HF_HUB_OFFLINE) and not in the local cache",
    "EntryNotFoundError": "a file is missing on the hub",
    "HFValidationError": "neither a hub id nor an existing folder",
    "ConnectError": "the hub cannot be reached",
    "ConnectTimeout": "the hub cannot be reached",
    "ReadTimeout": "the hub does not answer",
    "SafetensorError": "truncated or malformed safetensors",
    "SafetensorsParsingError": "malformed safetensors",
    "UnidentifiedImageError": "corrupt image",
}
#: Those of which the message says more than the meaning.
_DETAILED = frozenset({"SafetensorError", "SafetensorsParsingError", "UnidentifiedImageError"})
#: What transformers says of a model that it cannot give a head, or knows with one only.
_PARTLESS = re.compile(r"Unrecognized configuration class .*?(\w+)Config'> for .*AutoModel(For)?")
#: What it says where timm is not installed, or torchvision, which comes with it.
_NO_TIMM = re.compile(r"\s*\w+ requires the (timm|Torchvision) library but it was not found")
_OWN_CODE = "contains custom code which must be executed"
#: A hub's 401 without a code of its own; missing and gated repositories have theirs.
_UNKNOWN_LOGIN = (
    "the hub does not accept your token (HF_TOKEN, or that of hf auth login): "
    "log in again with: hf auth login"
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A model or dataset that could not be read, and why; the others go on."""

    reference: str
    reason: str


def first_line(error: BaseException) -> str:
    """The first line of an exception's message, or its type where it says nothing.

    Where it ends in a colon, what follows is the message.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    text = " ".join(lines) if text.endswith(":") else text
    return text[:REASON_CHARACTERS]


def reason_of(error: BaseException) -> str:
    """What went wrong, in one line for a user."""
    if type(error).__name__ == "DatasetGenerationError" and error.__cause__ is not None:
        return reason_of(error.__cause__)  # it only says that something occurred
    if type(error).__name__ == "DatasetGenerationCastError":
        return _unlike_columns(str(error))
    if type(error).__name__ == "CastError":  # as that, of json and parquet
        return _unlike("one", error.details())  # type: ignore[attr-defined]
    if isinstance(error, UnicodeDecodeError):
        return f"no UTF-8 text, save it as such: {first_line(error)}"
    partless = _PARTLESS.match(str(error))
    if partless:
        part = "classifier" if partless[2] else "backbone"
        return f"its architecture ({partless[1]}) has no {part} in transformers"
    if _NO_TIMM.match(str(error)):
        return missing("timm")
    if _OWN_CODE in str(error):
        return "it brings code of its own, which never runs by itself: --trust-remote-code"
    for kind in type(error).__mro__:
        if kind.__name__ in _MEANINGS:
            meaning = _MEANINGS[kind.__name__]
            return f"{meaning}: {first_line(error)}" if kind.__name__ in _DETAILED else meaning
    if getattr(getattr(error, "response", None), "status_code", None) == 401:
        return _UNKNOWN_LOGIN
    return first_line(error)


def _unlike_columns(told: str) -> str:
    """What the ``datasets`` library says where a table has not the columns of the first one, as a
    test without labels beside its training rows: in paragraphs, the first of which says nothing."""
    _, columns, _, files, *_ = [*told.split("\n\n"), "", "", "", ""]
    file = files.partition(",")[0].rpartition("/")[2].partition(" ")[0]
    return _unlike(file or "one", columns)


def _unlike(file: str, columns: str) -> str:
    found = columns.partition("there are ")[2].rstrip(".")
    return f"its files differ in their columns: {file} has {found}; give one of them alone"


def missing(package: str | None) -> str:
    """What to type where a package of the extra ``jobs`` is not installed."""
    return f"this needs {package}. Install it: pip install 'transferzoo[jobs]'"


def _from_outside(error: BaseException) -> bool:
    """RecursionError is a stranger's nesting without end: nothing of ours nests."""
    modules = {kind.__module__.split(".")[0] for kind in type(error).__mro__}
    return bool(modules & _OUTSIDE) or isinstance(error, OSError | UnicodeError | RecursionError)


@contextmanager
def told_as_zoo_error(reference: str) -> Iterator[None]:
    """Turn what the outside world throws while ``reference`` is read into a ZooError.

    A bug keeps its own type and traceback.
    """
    try:
        yield
    except ZooError:
        raise
    except ModuleNotFoundError as error:
        raise ZooError(f"{reference}: {missing(error.name)}") from error
    except Exception as error:
        if not _from_outside(error):
            raise
        raise ZooError(f"{reference}: {reason_of(error)}") from error
