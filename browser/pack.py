"""``python -m browser.pack``: the saved queries as one file to drop onto Neo4j Browser.

A folder of the archive becomes a folder of favourites, the first line of a query its name.
"""

from __future__ import annotations

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import cypher

#: Folder among the favourites -> folder under ``cypher``, where each query has its only text.
FOLDERS = {"Zoo, drawn": "browser", "Zoo, in tables": "ask"}
FAVOURITES = Path(__file__).parents[1] / "build" / "zoo-queries.zip"


def pack(target: Path) -> None:
    """Write every query for people into the archive ``target``."""
    target.parent.mkdir(exist_ok=True)
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for shown, folder in FOLDERS.items():
            for name in cypher.names(folder):
                archive.writestr(f"{shown}/{name}.cypher", cypher.load(name).text)


if __name__ == "__main__":
    pack(FAVOURITES)
    print(FAVOURITES)
