"""Palms turned clearly where they are to face: the forearm turns first, then an arm that is straight about itself."""

import itertools
from collections.abc import Collection, Sequence

from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.language.verified.edit_state import SLACK_DEG, Working
from chatpose.posecodes.definitions import special
from chatpose.posecodes.grammar import Statement

_FACING = {
    "facing up": ("palm elevation", 90.0), "facing down": ("palm elevation", -90.0),
    "facing forward": ("palm to front", 0.0), "facing backward": ("palm to front", 180.0),
    "facing inward": ("palm to middle", 0.0), "facing outward": ("palm to middle", 180.0),
}  # fmt: skip
_STRAIGHT_DEG = 40.0
_COARSE, _FINE = (-150, -120, -90, -60, -30, 0, 30, 60, 90, 120, 150), (-20, -10, 0, 10, 20)


def faced(body: BodyModel, pose: Pose, statements: Sequence[Statement], kept: Collection[int]) -> Pose | None:
    """The pose with palms turned as statements say; None where they say anything else, or nothing is gained."""
    rows = [row for row in statements if row.code.predicate in _FACING and row.code.subject.endswith("palm")]
    if not rows or len(rows) < len(statements) or any(row.negated for row in rows):
        return None
    work = Working(pose, body)
    for row in rows:
        side = row.code.subject.split()[0]
        joints = {SMPL.index(f"{side}_{joint}") for joint in ("shoulder", "elbow", "wrist")}
        if not joints & set(kept):
            face_palm(work, side, *_FACING[row.code.predicate])
    return work.finished(pose) if work.turned else None


def face_palm(work: Working, side: str, name: str, wanted: float) -> None:
    """Turns a palm until a measure of it is as wanted, as far as forearm and arm go."""
    metric = special(f"{side} {name}", rotations=True)
    bent = work.measure(f"{side}_elbow_flexion") > _STRAIGHT_DEG
    free = work.excess(extreme=True) + SLACK_DEG
    start = work.copy()

    def turned(pronation: float, rotation: float) -> tuple[float, Working]:
        tried = start.copy()
        values = {f"{side}_forearm_pronation": tried.measure(f"{side}_forearm_pronation") + pronation}
        if rotation:
            inward = f"{side}_shoulder_internal_rotation"
            values[inward] = tried.measure(inward) + rotation
        tried.set_angles(values)
        if bool((tried.excess(extreme=True) > free).any()):
            return 1e3, tried
        return abs(tried.measure(metric) - wanted) + 0.06 * abs(pronation) + 0.1 * abs(rotation), tried

    best = min(
        ((turned(one, two)[0], one, two) for one, two in itertools.product(_COARSE, (0,) if bent else _COARSE)),
        key=lambda row: row[0],
    )
    fine = itertools.product(_FINE, (0,) if bent else _FINE)
    best = min(((turned(best[1] + one, best[2] + two)[0], best[1] + one, best[2] + two) for one, two in fine),
               key=lambda row: row[0])  # fmt: skip
    if best[0] < 1e3 and (best[1] or best[2]):
        work.take(turned(best[1], best[2])[1])
