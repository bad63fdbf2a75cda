"""Which entries are kept for testing as a whole.

Drawn once, then written down, so that entries that are added later never move another one from training to test:

    python -m chatpose.atlas.split --out data/atlas/test_entries.txt
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

from chatpose.atlas.entry import FAMILIES, Entry
from chatpose.errors import UnreadableFileError
from chatpose.resources import asset
from chatpose.safefiles import atomic_write, read_limited

TEST_ENTRIES = 60
MAX_LIST_BYTES = 2**16


def held_out_ids(path: Path | None = None) -> frozenset[str]:
    """Ids of the entries that are kept for testing, from a file with one a line; the shipped list when absent.

    Raises:
        UnreadableFileError: no text.
    """
    path = asset("data", "atlas", "test_entries.txt") if path is None else path
    try:
        lines = read_limited(path, max_bytes=MAX_LIST_BYTES).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"{path} isn't text", expected="one id a line") from error
    return frozenset(line.strip() for line in lines if line.strip())


def draw(entries: Sequence[Entry], count: int = TEST_ENTRIES) -> list[str]:
    """Draws entries for testing: of every family its share, by a hash of the id; sorted."""
    share = min(1.0, count / max(len(entries), 1))
    chosen: list[str] = []
    due = 1e-9
    for family in FAMILIES:
        ranked = sorted((entry.id for entry in entries if entry.family == family), key=_rank)
        due += share * len(ranked)
        take = min(int(due), len(ranked))
        due -= take
        chosen += ranked[:take]
    return sorted(chosen)


def _rank(entry_id: str) -> bytes:
    return hashlib.sha256(f"split/{entry_id}".encode()).digest()


def main() -> None:
    """Command line."""
    from chatpose.atlas.reader import read_atlas

    parser = argparse.ArgumentParser(description="Draws the entries of the atlas that are kept for testing.")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with atomic_write(options.out) as temporary:
        temporary.write_text("\n".join(draw(read_atlas())) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
