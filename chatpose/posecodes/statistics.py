"""How often posecodes hold: the shipped frequencies, and how they are counted.

The command `python -m chatpose.corpus.posecode_statistics` makes the file. Only frequencies are kept, averaged over a
statement and its mirror image. Selection calls a rare fact telling and a common one trivial.
"""

import json
from collections.abc import Iterable
from functools import cache, lru_cache

import numpy as np

from chatpose.body.capsules import BodyCapsules, body_capsules
from chatpose.body.contact import find_contacts
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.posecodes.contacts import touch_gaps
from chatpose.posecodes.definitions import all_posecodes
from chatpose.posecodes.extraction import Extraction, extract
from chatpose.posecodes.points import points_of_kinematics
from chatpose.posecodes.posecode import exchange_sides
from chatpose.resources import asset

REAL_SHARE = 0.8
"""Weight of real poses against random ones in `frequencies`."""


@cache
def frequencies() -> dict[str, float]:
    """Share of poses, 0 to 1, in which each statement holds, from the shipped file."""
    path = asset("data", "posecodes", "statistics.json")
    entries = json.loads(path.read_text(encoding="utf-8"))["frequencies"]
    return {name: REAL_SHARE * real + (1 - REAL_SHARE) * random for name, (real, random) in entries.items()}


@lru_cache(maxsize=4)
def _capsules(body: BodyModel) -> BodyCapsules:
    return body_capsules(body)


def extract_with_contact(body: BodyModel, pose: Pose) -> Extraction:
    """All posecodes of N poses, those of touching included."""
    world = body.kinematics(pose)
    return extract(points_of_kinematics(world), gaps=touch_gaps(find_contacts(_capsules(body), world)))


def count(batches: Iterable[Pose]) -> tuple[np.ndarray, int]:
    """In how many poses each posecode holds, (C,), and how many poses there were."""
    body = BodyModel.open()
    held, poses = np.zeros(len(all_posecodes()), int), 0
    for batch in batches:
        held += extract_with_contact(body, batch).holds.sum(0).numpy()
        poses += len(batch)
    return held, poses


def shares(held: np.ndarray, poses: int) -> dict[str, float]:
    """Share of poses by statement, the same for a statement and its mirror image."""
    places = {code.name: place for place, code in enumerate(all_posecodes())}
    return {
        name: round(float(held[place] + held[places[exchange_sides(name)]]) / 2 / poses, 6)
        for name, place in places.items()
    }
