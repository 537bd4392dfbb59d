"""What a user types for a model: a hub id, a folder, or a file that lists either."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from graphdb.errors import ZooError
from zoo.paths import local_folder, local_path


@dataclass(frozen=True, slots=True)
class ModelReference:
    """``address`` is a hub id or a folder; ``name`` replaces the id the zoo would give it."""

    address: str
    revision: str | None = None
    name: str | None = None

    @property
    def folder(self) -> Path | None:
        """The local folder, None for a hub id."""
        path = local_folder(self.address)
        return path.resolve() if path else None

    def __str__(self) -> str:
        return f"{self.address}@{self.revision}" if self.revision else self.address


def parse_reference(text: str, *, name: str | None = None) -> ModelReference:
    """``org/name``, ``org/name@revision`` or a folder."""
    if local_folder(text):
        return ModelReference(text, name=name)
    address, _, revision = text.partition("@")
    return ModelReference(address, revision or None, name)


def read_references(texts: list[str]) -> list[ModelReference]:
    """One reference for each text, a file's lines in its place.

    A file has one model a line: the hub id or folder, then optionally a revision; ``#`` starts a
    comment. Equal references are kept once, in the order of first sight.

    Raises:
        ZooError: a file that lists nothing or is no text.
    """
    found: dict[ModelReference, None] = {}
    for text in texts:
        path = local_path(text)
        listed = _read_list(path) if path and path.is_file() else [parse_reference(text)]
        found.update(dict.fromkeys(listed))
    return list(found)


def _read_list(path: Path) -> list[ModelReference]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise ZooError(
            f"{path} is no list of models; give a hub id, a folder or a text file of them"
        ) from error
    fields = [line.split("#")[0].split() for line in lines]
    references = [_from_fields(words, path.parent) for words in fields if words]
    if not references:
        raise ZooError(f"{path} lists no model; one hub id or folder a line is expected")
    return references


def _from_fields(words: list[str], base: Path) -> ModelReference:
    beside = local_folder(base / words[0]) or local_folder(words[0])
    if beside:  # folders in a list are relative to the list
        return ModelReference(str(beside))
    reference = parse_reference(words[0])
    return ModelReference(reference.address, words[1]) if len(words) > 1 else reference


def with_options(
    references: list[ModelReference], *, revision: str | None, name: str | None
) -> list[ModelReference]:
    """The same with a revision where they have none, and a name where there is one of them.

    Raises:
        ZooError: one name for several models.
    """
    if name is not None and len(references) > 1:
        raise ZooError(f"--name {name} is for one model, {len(references)} were given")
    return [
        replace(one, revision=one.revision or revision, name=one.name or name) for one in references
    ]
