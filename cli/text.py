"""Text of unknown origin on a terminal, and numbers as people read them."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Iterable
from contextvars import ContextVar

import click

from graphdb.address import resolve_address
from graphdb.errors import ZooError, to_type

_LONGEST = 120
#: What holds no space is an id or a path, to be copied: "local/", a folder's name, a fingerprint.
_LONGEST_WORD = 300
#: From here on three digits are 1000 of a unit, which is 1 of the next.
_ROUNDED_UP = 999.5
#: Below, three decimals would leave nothing of a number, or no difference between two.
_SMALL = 0.001
_NARROW = 0.02
#: Control characters, and those that reorder or hide what stands around them.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
#: A moment as programs read it, whose fractions of a second nobody else does.
_MOMENT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$")
#: Commands that a text may tell, and what was typed before the one that runs: "--store X".
_typed: ContextVar[tuple[re.Pattern[str], str] | None] = ContextVar("typed", default=None)


def plain(text: str) -> str:
    """The text with control, escape and bidirectional characters made visible."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if unicodedata.category(character) not in _HIDDEN else _escaped(character)
        for character in text
    )


def say(text: str) -> None:
    """One line of words on stderr; commands that it tells are for the store that was typed."""
    click.echo(plain(told(text)), err=True)


def remember_typed(commands: Iterable[str], *, store: str | None, database: str | None) -> None:
    """Have ``told`` repeat these options in ``commands``; the environment holds anyway."""
    given = (("--store", store if store and _is_address(store) else None), ("--database", database))
    options = shlex.join(word for name, value in given if value for word in (name, value))
    # A list of queries and a help need no store.
    told = rf"(?<!\S)zoo (?=(?:{'|'.join(commands)})\b)(?!query --list|.*[a-z] --help$)"
    _typed.set((re.compile(told), f"zoo {options} ") if options else None)


def told(text: str) -> str:
    """The text, its commands with --store and --database as the running one got them."""
    found = _typed.get()
    return text if found is None else found[0].sub(lambda _: found[1], text)


def _is_address(store: str) -> bool:
    """What is refused may hold a password, and is not repeated."""
    try:
        resolve_address(store)
    except ZooError:
        return False
    return True


def to_undo(run: str, *, replaced: bool) -> str:
    """What to type to undo a run; forgetting does not bring back what it ``replaced``."""
    what = "Take it away, without what it replaced" if replaced else "Undo"
    return f"{what}: {to_type('forget', run)}"


def cell(value: object, *, longest: int = _LONGEST) -> str:
    """A table's cell: unknown is a dash, what is longer than ``longest`` is cut in the middle."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if 0 < abs(value) < _SMALL else f"{value:.3f}"
    text = _MOMENT.sub(r"\1 \2\3", plain(str(value)))
    if " " not in text:
        longest = max(longest, _LONGEST_WORD)
    if len(text) <= longest:
        return text
    return f"{text[: longest // 2]}…{text[-(longest // 2) :]}"


def count(value: int | None) -> str:
    """86M, 1.3B: parameters or bytes in three digits."""
    if value is None:
        return "-"
    number = float(value)
    for unit in ("", "k", "M", "B"):
        if number < _ROUNDED_UP or unit == "B":
            return f"{number:.3g}{unit}" if number < _ROUNDED_UP else f"{number:.0f}{unit}"
        number /= 1000
    raise AssertionError("unreachable")


def counted(number: int, noun: str) -> str:
    """1 job, 2 jobs."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def interval(low: float | None, high: float | None) -> str:
    """0.25–0.50; more digits where two would not tell the ends apart."""
    if low is None or high is None:
        return "-"
    if high - low < _NARROW:
        return f"{cell(low)}–{cell(high)}"
    return f"{low:.2f}–{high:.2f}"


def _escaped(character: str) -> str:
    return f"\\u{ord(character):04x}"
