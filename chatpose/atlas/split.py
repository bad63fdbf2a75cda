"""Which entries are kept for testing as a whole: drawn once from their ids, spread over the families."""

import hashlib
from collections.abc import Sequence

from chatpose.atlas.entry import FAMILIES, Entry

TEST_ENTRIES = 60


def held_out_ids(entries: Sequence[Entry]) -> frozenset[str]:
    """Ids of about `TEST_ENTRIES` of a whole atlas: of every family its share, by a hash of the id.

    Of a part of the atlas the share is the same, so few entries have few test entries.
    """
    share = min(1.0, TEST_ENTRIES / max(len(entries), 1)) if len(entries) > TEST_ENTRIES else 0.0
    chosen: set[str] = set()
    carried = 0.0
    for family in FAMILIES:
        ranked = sorted((entry.id for entry in entries if entry.family == family), key=_draw)
        carried += share * len(ranked)
        take = min(int(carried + 1e-9), len(ranked))
        carried -= take
        chosen |= set(ranked[:take])
    return frozenset(chosen)


def _draw(entry_id: str) -> bytes:
    return hashlib.sha256(f"split/{entry_id}".encode()).digest()
