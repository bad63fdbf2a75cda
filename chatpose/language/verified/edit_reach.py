"""Two-bone reaching: a hand or an ankle to a point, by bending elbow or knee and swinging shoulder or hip."""

import torch
from torch import Tensor

from chatpose.body.rotations import swing_between
from chatpose.language.verified.edit_done import Done, moved
from chatpose.language.verified.edit_palms import face_palm
from chatpose.language.verified.edit_state import UP, Working, limited
from chatpose.language.verified.edit_swings import toward, untwist
from chatpose.posecodes.definitions import distance
from chatpose.posecodes.instructions.plan import Amount, Change
from chatpose.posecodes.points import POINTS

_CHAINS = {"hand": ("shoulder", "elbow", "hand"), "foot": ("hip", "knee", "ankle")}
_MOST_FLEXION = {"hand": 145.0, "foot": 152.0}
_LEAST_REACH_M = 0.2


def chain(side: str, part: str) -> tuple[str, str, str]:
    """Root, hinge and end joints of a "hand" or a "foot"."""
    root, hinge, end = _CHAINS[part]
    return f"{side}_{root}", f"{side}_{hinge}", f"{side}_{end}"


def reach(work: Working, side: str, part: str, point: Tensor) -> float:
    """Brings the end of a limb to a point as well as its length allows; the hinge keeps its plane.

    Returns:
        How far the end is from the point afterwards, metres.
    """
    root, _, end = chain(side, part)
    hinge = "elbow" if part == "hand" else "knee"
    wanted = float((point - work.position(root)).norm())
    _set_reach(work, f"{side}_{hinge}_flexion", root, end, wanted, _MOST_FLEXION[part])
    now, to = work.position(end) - work.position(root), point - work.position(root)
    work.turn(root, swing_between(now, to))
    return float((work.position(end) - point).norm())


def _set_reach(work: Working, flexion: str, root: str, end: str, wanted: float, most: float) -> None:
    """Bends the hinge until root and end are as far apart as wanted (bisection: they come nearer as it bends)."""

    def apart(degrees: float) -> float:
        tried = work.copy()
        tried.set_angles({flexion: degrees})
        return float((tried.position(end) - tried.position(root)).norm())

    low, high = 0.0, most
    if apart(low) <= wanted:
        work.set_angles({flexion: min(low, work.measure(flexion))})
        return
    if apart(high) >= wanted:
        work.set_angles({flexion: high})
        return
    for _ in range(22):
        middle = (low + high) / 2
        if apart(middle) > wanted:
            low = middle
        else:
            high = middle
    work.set_angles({flexion: (low + high) / 2})


def make_hand(work: Working, change: Change) -> Done:
    """Moves a hand in a direction by a distance; shoulder and elbow do it."""
    side = change.part.split()[0]
    shift = _shift(change.amount)
    arm = f"{side} arm"
    start = work.position(f"{side}_hand")
    if change.way == "level with":
        target = start.clone()
        target[1] = _point(work, change.toward)[1]
        shift = abs(float(target[1] - start[1]))
        way = torch.nn.functional.normalize(target - start, dim=0)
    elif change.way == "away":
        apart = start - _point(work, change.toward)
        way = torch.nn.functional.normalize(apart, dim=0)
    elif change.way == "toward":
        target = _point(work, change.toward)
        apart = target - start
        way = torch.nn.functional.normalize(apart, dim=0)
        shift = min(shift, max(0.0, float(apart.norm()) - 0.08))
    elif change.way in ("left", "right"):
        way = toward(work, arm, "out" if change.way == side else "in")
    else:
        way = toward(work, arm, change.way)
    if change.way == "in":
        way = -toward(work, arm, "out")

    def make(tried: Working, metres: float) -> None:
        if metres:
            point = _within(tried, side, _clear(tried, side, start + way * metres, arm), way)
            reach(tried, side, "hand", point)
            untwist(tried, arm)

    got = limited(work, make, shift)
    untwist(work, arm)
    went = float((work.position(f"{side}_hand") - start) @ way)
    exact = change.amount.exact and change.amount.unit == "m"
    notes = []
    if went < 0.9 * shift:
        notes.append(f"{change.part} {change.way}: it reaches {100 * went:.0f} cm of {100 * shift:.0f} cm")
    if change.way == "toward" and change.toward in POINTS:
        metric = distance(f"{side} hand", change.toward)
        after = work.measure(metric)
        return Done((moved(f"{change.part} toward {change.toward}", metric.name, "m", after + went, after, -1),),
                    tuple(notes))  # fmt: skip
    what = f"{change.part} {change.way}" + (f" {100 * shift:g} cm" if exact else "")
    check = moved(what, f"{change.part} moved {change.way}", "m", 0.0, went, 1, shift if exact and got else None)
    return Done((check,), tuple(notes))


def _shift(amount: Amount) -> float:
    if amount.exact and amount.unit == "m" and amount.value is not None:
        return amount.value
    return amount.of(0.1, 0.22, 0.4) if amount.size != "full" else 0.6


def _point(work: Working, name: str) -> Tensor:
    return work.points.of(name)[0] if name in POINTS else work.points.of("torso")[0]


def _clear(work: Working, side: str, point: Tensor, arm: str) -> Tensor:
    """Not nearer to the shoulder than an arm can fold: pushed forward where it would be."""
    shoulder = work.position(f"{side}_shoulder")
    away = point - shoulder
    if float(away.norm()) >= _LEAST_REACH_M:
        return point
    front = toward(work, arm, "forward")
    level = away.new_tensor(UP) * away[1]
    ahead = (_LEAST_REACH_M**2 - float(level[1]) ** 2) ** 0.5
    return shoulder + level + front * ahead


def _within(work: Working, side: str, point: Tensor, way: Tensor) -> Tensor:
    """Within the arm's length: as far along the way as asked, nearer to the shoulder across it."""
    root, hinge, end = (work.position(joint) for joint in chain(side, "hand"))
    longest = float((root - hinge).norm() + (hinge - end).norm()) * 0.995
    away = point - root
    along = float(away @ way)
    if float(away.norm()) <= longest or abs(along) >= longest:
        return point
    across = away - along * way
    size = float(across.norm())
    return root + along * way + across * (((longest**2 - along**2) ** 0.5) / size if size > 1e-6 else 0.0)


def make_meet(work: Working, change: Change) -> Done:
    """Both hands to the middle before the chest, elbows bent at the sides."""
    metric = distance("left hand", "right hand")
    before = work.measure(metric)
    front, left, up = work.axis("chest", 2), work.axis("chest", 0), work.axis("chest", 1)
    middle = work.position("spine3") + front * 0.3 + up * {"low": -0.22, "high": 0.24}.get(change.toward, 0.0)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        root = work.position(f"{side}_shoulder")
        elbow = torch.nn.functional.normalize(-up + 0.45 * front + 0.35 * sign * left, dim=0)
        work.set_angles({f"{side}_wrist_flexion": -35.0, f"{side}_wrist_ulnar_deviation": 0.0})
        upper = work.position(f"{side}_elbow") - root
        work.turn(f"{side}_shoulder", swing_between(upper, elbow))
        bone = work.position(f"{side}_hand") - work.position(f"{side}_elbow")
        work.turn(f"{side}_elbow", swing_between(bone, middle - work.position(f"{side}_elbow")))
        reach(work, side, "hand", middle + left * 0.03 * sign)
        face_palm(work, side, "palm to middle", 0.0)
    after = work.measure(metric)
    return Done((moved("hands before the chest", metric.name, "m", before, after, 0),))


def make_apart(work: Working, change: Change) -> Done:
    """Hands farther apart or closer together, each by half of it."""
    metric = distance("left hand", "right hand")
    before = work.measure(metric)
    amount = change.amount
    sign = 1.0 if change.way == "apart" else -1.0
    if amount.exact and amount.unit == "m" and amount.value is not None:
        target = before + sign * amount.value if amount.by else amount.value
    else:
        target = max(0.1, before + sign * amount.of(0.12, 0.25, 0.5))
    left, right = work.position("left_hand"), work.position("right_hand")
    apart = left - right
    axis = torch.nn.functional.normalize(apart if before > 0.08 else work.axis("chest", 0), dim=0)

    def make(tried: Working, growth: float) -> None:
        if growth:
            for side, way, start in (("left", 1.0, left), ("right", -1.0, right)):
                reach(tried, side, "hand", start + axis * way * growth / 2)

    limited(work, make, target - before)
    for side in ("left", "right"):
        untwist(work, f"{side} arm")
    after = work.measure(metric)
    exact = target if amount.exact else None
    check = moved(f"hands {change.way}", metric.name, "m", before, after, sign, exact)
    notes = () if check.holds else (f"hands {change.way}: the arms reach no farther",)
    return Done((check,), notes)
