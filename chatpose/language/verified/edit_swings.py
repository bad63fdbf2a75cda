"""Changes that swing a whole limb about its root: raise, lower, forward, back, out, in, and pointing somewhere."""

import math
import re

import torch
from torch import Tensor

from chatpose.body.rotations import angle_between, swing_between
from chatpose.language.verified.edit_done import Done, moved, name_of
from chatpose.language.verified.edit_state import UP, Make, Working, amount_for, limited
from chatpose.posecodes.definitions import armpit, height, hip, tilt
from chatpose.posecodes.instructions.plan import Amount, Change
from chatpose.posecodes.measures import Measure

OVERHEAD_DEG, LEVEL_DEG, HANGING_DEG = 172.0, 90.0, 8.0
"""Lifts of a limb from hanging."""
SCAPULAR_DEG = 35.0
"""How far before the body's side an arm is lifted of itself: the plane of the shoulder blade (scaption)."""
_PLANELESS_DEG = 14.0
_LEG_HIGH_DEG = 125.0
_BEHIND_M = 0.22
RAISED_DEG = 150.0
"""Where an arm goes that is raised without saying how far: people mean up, not level."""
_ARM_LEVELS = (RAISED_DEG, OVERHEAD_DEG)
_TWIST_RANGE = (-90.0, 70.0)


def limb_joints(part: str) -> tuple[str, str, str]:
    """Side, root joint and middle joint of "left arm" or "left leg"."""
    side, _, kind = part.partition(" ")
    return (side, f"{side}_shoulder", f"{side}_elbow") if kind == "arm" else (side, f"{side}_hip", f"{side}_knee")


def limb_tilt(part: str) -> Measure:
    """Direction of the upper arm or thigh against the vertical."""
    side, _, kind = part.partition(" ")
    if kind == "arm":
        return tilt(f"{side} upper arm", f"{side} shoulder", f"{side} elbow")
    return tilt(f"{side} thigh", f"{side} hip", f"{side} knee")


def direction(work: Working, part: str) -> Tensor:
    """(3,) unit, of upper arm or thigh."""
    _, root, middle = limb_joints(part)
    return torch.nn.functional.normalize(work.position(middle) - work.position(root), dim=0)


def lift_of(direction_: Tensor) -> float:
    """Degrees from hanging."""
    return float(torch.rad2deg(angle_between(-_up(direction_), direction_)))


def _up(like: Tensor) -> Tensor:
    return like.new_tensor(UP)


def toward(work: Working, part: str, way: str) -> Tensor:
    """(3,) unit direction of "forward", "back", "out", "in", "up", "down" for a limb, as level as the trunk allows."""
    side, _, kind = part.partition(" ")
    frame = "chest" if kind in ("arm", "hand", "forearm", "elbow") else "hip"
    out = work.axis(frame, 0) * (1.0 if side == "left" else -1.0)
    front = work.axis(frame, 2)
    up = _up(front)
    if float(front[1]) < -0.75 and frame == "chest":  # bent over or on the front: forward is past the head
        front = work.axis(frame, 1)
    raw = {"forward": front, "back": -front, "out": out, "in": -out + 0.5 * front, "up": up, "down": -up}[way]
    if way in ("up", "down"):
        return raw
    level = raw - (raw @ up) * up
    return torch.nn.functional.normalize(level if float(level.norm()) > 0.5 else raw, dim=0)


def swing_to(work: Working, part: str, wanted: Tensor) -> None:
    """Turns the root of a limb so that it points in a direction, by the shortest way; far ones in two steps."""
    _, root, _ = limb_joints(part)
    now = direction(work, part)
    if float(angle_between(now, wanted)) > math.radians(120):
        side = now + wanted
        if float(side.norm()) < 0.3:
            side = side + toward(work, part, "out") + toward(work, part, "forward")
        between = side - (side @ now) * now
        middle = torch.nn.functional.normalize(between, dim=0)
        work.turn(root, swing_between(now, middle))
        now = direction(work, part)
    work.turn(root, swing_between(now, wanted))


def untwist(work: Working, part: str) -> None:
    """Takes back what a swing has turned an arm about itself beyond its range."""
    side, _, kind = part.partition(" ")
    if kind != "arm":
        return
    name = f"{side}_shoulder_internal_rotation"
    twist = work.measure(name)
    kept = min(max(twist, _TWIST_RANGE[0]), _TWIST_RANGE[1])
    if kept != twist:
        work.set_angles({name: kept})


def make_lift(work: Working, change: Change) -> Done:
    """Raises or lowers a limb; `toward` may hold a plane, "level", "overhead" and "straight"."""
    part = change.part
    words = change.toward.split()
    plane_word = next((word for word in words if word in ("forward", "back", "out", "in")), "")
    if part.endswith("leg") and change.way == "up" and plane_word in ("", "back") and _in_line(work, change):
        return _behind_trunk(work, change)
    lift = lift_of(direction(work, part))
    plane = _plane(work, part, direction(work, part), lift, plane_word, change.way)
    if change.amount.exact and change.amount.unit == "°" and change.amount.absolute:
        return _to_number(work, change, plane, lift)
    return _lifted(work, change, plane, plane_word)


def _lifted(work: Working, change: Change, plane: Tensor, plane_word: str) -> Done:
    """A limb lifted in a plane as far as words say."""
    part, words = change.part, change.toward.split()
    metric = limb_tilt(part)
    before, start = work.measure(metric), direction(work, part)
    lift = lift_of(start)
    to = _lift_wanted(change, lift, words)
    notes: list[str] = []
    target = None
    if abs(to - lift) < 1.0 and not plane_word and "straight" not in words:
        notes.append(f"{part} {change.way}: it is there already")

    def make(tried: Working, share: float) -> None:
        if share:
            _towards_lift(tried, part, plane, lift, to, share, bool(plane_word))
            untwist(tried, part)

    to = _seen(work, part, plane, lift, to) if part.endswith("arm") and not words and abs(to - lift) > 1 else to
    if "overhead" in words and part.endswith("arm") and _level_trunk(work) and not _SKY.search(change.words):
        swing_to(work, part, work.axis("chest", 1))  # who lies or bends over reaches past the head
        got = 1.0
    else:
        begun = work.copy()
        got = limited(work, make, 1.0)
        if got < 0.95 and part.endswith("arm"):
            got = _unwound(work, begun, make, part, got)
    untwist(work, part)
    if part.endswith("leg") and plane_word == "back" and change.amount.size != "little":
        _foot_clear(work, part.split()[0])
    if got < 0.95:
        notes.append(f"{part} {change.way}: the joint goes no farther")
    if "straight" in words or ("overhead" in words and part.endswith("arm")):
        _straighten(work, part)
    elif part.endswith("arm") and _whole_arm(change):
        _open_elbow(work, part.split()[0])
    after = work.measure(metric)
    sign = 0.0 if plane_word or "straight" in words else (-1.0 if change.way == "up" else 1.0)
    if change.amount.exact and change.amount.unit == "°":
        target = before - (change.amount.value or 0.0) * (1 if change.way == "up" else -1)
        target = target if 0 <= target <= 180 else None
    check = moved(f"{part} {change.way}", name_of(metric), "°", before, after, sign, target)
    if plane_word and not check.holds:
        turned = float(torch.rad2deg(angle_between(start, direction(work, part))))
        check = moved(f"{part} {change.way} {plane_word}", f"{part} direction turned", "°", 0.0, turned, 1)
    return Done((check,), tuple(notes))


_PARTLY_DOWN = re.compile(
    r"\b(?:more|further|farther|less|again|elbows?|too high|(?:so|that|as) high)\b|\blower(?= *$| (?:than|down *$))"
)
"""Words of a step down; "lower the arm" by itself lets it hang."""
_SKY = re.compile(r"\b(?:ceiling|sky|straight up|vertical)")


def _level_trunk(work: Working) -> bool:
    return float(work.axis("chest", 1)[1]) < 0.5


def _foot_clear(work: Working, side: str) -> None:
    """Bends the knee of a leg behind the body until its foot is clear of the floor: a hip goes back by little."""
    name = f"{side}_knee_flexion"
    while work.measure(height(f"{side} foot")) < _BEHIND_M and work.measure(name) < 80.0:
        work.set_angles({name: work.measure(name) + 8.0})


def _unwound(work: Working, begun: Working, make: Make, part: str, got: float) -> float:
    """Tries a swing with the arm's turn about itself taken back first, as from hands on the hips."""
    begun.set_angles({f"{part.split()[0]}_shoulder_internal_rotation": 0.0})
    share = limited(begun, make, 1.0)
    if share <= got:
        return got
    work.take(begun)
    return share


def _seen(work: Working, part: str, plane: Tensor, lift: float, to: float) -> float:
    """A lift that changes the angle with the trunk, too, by most of the step: overhead a step may go round it."""
    metric = armpit(part.split()[0])
    before, step = work.measure(metric), to - lift
    if float(work.axis("chest", 1)[1]) < 0.7:
        return to
    for factor in (1.0, 1.3, 1.6, 2.0):
        tried = work.copy()
        reached = max(0.0, min(OVERHEAD_DEG + 4, lift + step * factor))
        swing_to(tried, part, _at_lift(plane, reached))
        if abs(tried.measure(metric) - before) >= 0.7 * abs(step):
            return reached
    return to


def _plane(work: Working, part: str, start: Tensor, lift: float, plane_word: str, way: str) -> Tensor:
    """(3,) level direction in which the limb is lifted."""
    if plane_word:
        return toward(work, part, plane_word)
    if _PLANELESS_DEG < lift < 150 or (part.endswith("leg") and lift > _PLANELESS_DEG):
        up = _up(start)
        own = torch.nn.functional.normalize(start - (start @ up) * up, dim=0)
        behind = float(own @ toward(work, part, "forward")) < 0.0
        if part.endswith("leg") or way != "up" or not behind:  # an arm doesn't go up behind the body
            return own
    if part.endswith("leg"):
        return toward(work, part, "forward")
    turn = math.radians(SCAPULAR_DEG)
    aside, front = toward(work, part, "out"), toward(work, part, "forward")
    return torch.nn.functional.normalize(aside * math.cos(turn) + front * math.sin(turn), dim=0)


def _lift_wanted(change: Change, lift: float, words: list[str]) -> float:
    amount, arm = change.amount, change.part.endswith("arm")
    if amount.exact and amount.unit == "°":
        step = amount.value or 0.0
        return min(178.0, lift + step) if change.way == "up" else max(0.0, lift - step)
    if "overhead" in words:
        return OVERHEAD_DEG if arm or lift > 60 else _LEG_HIGH_DEG
    if "level" in words:
        return LEVEL_DEG
    step = amount.of(15.0, 40.0, 65.0)
    if change.way == "up":
        if amount.size == "full":
            return OVERHEAD_DEG
        if amount.size == "half":
            return (lift + OVERHEAD_DEG) / 2
        if arm and amount.size == "plain":
            levels = (LEVEL_DEG, *_ARM_LEVELS) if {"out", "forward", "back"} & set(words) else _ARM_LEVELS
            return next((level for level in levels if level >= lift + 20), max(lift, OVERHEAD_DEG))
        return min(max(lift, OVERHEAD_DEG if arm else 150.0), lift + step)
    if amount.size == "full":
        return HANGING_DEG if arm else 0.0
    if amount.size == "half":
        return lift / 2
    if arm and amount.size == "plain":
        if not _PARTLY_DOWN.search(change.words):
            return min(lift, HANGING_DEG)
        return LEVEL_DEG if lift > 114 else 45.0 if lift > 69 else min(lift, HANGING_DEG)
    return max(min(lift, HANGING_DEG if arm else 2.0), lift - step)


def _towards_lift(work: Working, part: str, plane: Tensor, lift: float, to: float, share: float, round_: bool) -> None:
    """Swings a limb a share of the way to a lift in a plane, step by step along the arc."""
    start = direction(work, part)
    if round_:
        wanted = _at_lift(plane, to)
        apart = float(angle_between(start, wanted))
        if apart < math.radians(130):
            _slerp(work, part, start, wanted, share)
        else:
            middle = _at_lift(plane, (lift + to) / 2)
            _slerp(work, part, start, middle, min(1.0, 2 * share))
            if share > 0.5:
                _slerp(work, part, middle, wanted, 2 * share - 1)
        return
    reach = lift + (to - lift) * share
    steps = max(1, math.ceil(abs(reach - lift) / 60))
    for step in range(1, steps + 1):
        swing_to(work, part, _at_lift(plane, lift + (reach - lift) * step / steps))


def _at_lift(plane: Tensor, lift: float) -> Tensor:
    angle = math.radians(lift)
    return plane * math.sin(angle) - _up(plane) * math.cos(angle)


def _slerp(work: Working, part: str, start: Tensor, wanted: Tensor, share: float) -> None:
    apart = float(angle_between(start, wanted))
    if apart < 1e-6:
        return
    mixed = start * math.sin((1 - share) * apart) + wanted * math.sin(share * apart)
    swing_to(work, part, torch.nn.functional.normalize(mixed, dim=0))


def _to_number(work: Working, change: Change, plane: Tensor, lift: float) -> Done:
    """A limb to an angle with the trunk ("raise the arm to 90 degrees"), exact."""
    part, value = change.part, change.amount.value or 0.0
    side, _, kind = part.partition(" ")
    metric = armpit(side) if kind == "arm" else hip(side)
    target = value if kind == "arm" else 180.0 - value
    before = work.measure(metric)

    def make(tried: Working, amount: float) -> None:
        swing_to(tried, part, _at_lift(plane, lift + amount))

    amount = amount_for(work, make, metric, target, (target - before) * (1 if kind == "arm" else -1))
    got = limited(work, make, amount, extreme=True)
    untwist(work, part)
    after = work.measure(metric)
    notes = [f"{part}: the joint goes no farther"] if abs(got) < abs(amount) - 0.5 else []
    return Done((moved(f"{part} to {value:g}°", name_of(metric), "°", before, after, 0, target),), tuple(notes))


_ELBOW = re.compile(r"\b(?:elbows?|upper arms?|more|further|farther|again|higher|lower|bent|bend|fist)\b")
OPEN_ELBOW_DEG = 22.0


def _whole_arm(change: Change) -> bool:
    """Whether a change says where an arm, hand and all, is to be, rather than a step of it or of its elbow."""
    plain = change.amount.size in ("plain", "full") and not change.amount.exact
    return plain and change.way == "up" and not _ELBOW.search(change.words)


def _open_elbow(work: Working, side: str) -> None:
    """Opens an elbow that is bent so that the hand goes where the arm does."""
    name = f"{side}_elbow_flexion"
    if work.measure(name) > OPEN_ELBOW_DEG + 8:
        work.set_angles({name: OPEN_ELBOW_DEG})


def _straighten(work: Working, part: str) -> None:
    side, _, kind = part.partition(" ")
    name = f"{side}_elbow_flexion" if kind == "arm" else f"{side}_knee_flexion"
    if work.measure(name) > 6.0:
        work.set_angles({name: 4.0})


_FLEXED_DEG, _ABOVE_LINE_DEG = 35.0, 12.0


def _in_line(work: Working, change: Change) -> bool:
    """Whether a leg, bent at the hip, of who faces the floor is to go up or back: in line with the trunk."""
    side = change.part.split()[0]
    plain = not change.amount.exact and change.amount.size in ("plain", "lot", "full")
    return plain and float(work.axis("chest", 2)[1]) < -0.3 and 180 - work.measure(hip(side)) > _FLEXED_DEG


def _behind_trunk(work: Working, change: Change) -> Done:
    """Stretches a leg in line with the trunk."""
    part = change.part
    side, metric = part.split()[0], hip(part.split()[0])
    before = work.measure(metric)
    line = torch.nn.functional.normalize(work.position("pelvis") - work.position("neck"), dim=0)
    start = direction(work, part)
    if change.way == "up":  # a lifted leg is seen above it
        higher = math.tan(math.radians(_ABOVE_LINE_DEG)) * -work.axis("chest", 2)
        line = torch.nn.functional.normalize(line + higher, dim=0)
    apart = float(torch.rad2deg(angle_between(start, line)))

    def make(tried: Working, size: float) -> None:
        if size:
            _slerp(tried, part, start, line, size / apart)

    limited(work, make, apart)
    _straighten(work, part)
    after = work.measure(metric)
    return Done((moved(f"{side} leg in line with the trunk", metric.name, "°", before, after, 1),))


def make_aside(work: Working, change: Change) -> Done:
    """Moves a limb forward, back, out or in, about its root, from wherever it is."""
    part, way, amount = change.part, change.way, change.amount
    if part.endswith("leg") and way == "back" and _in_line(work, change):
        return _behind_trunk(work, change)
    wanted = toward(work, part, way)
    start = direction(work, part)
    apart = float(torch.rad2deg(angle_between(start, wanted)))
    step = amount.value if amount.exact and amount.unit == "°" and amount.value else amount.of(15.0, 40.0, 65.0)
    step = min(step, max(apart - 2.0, 0.0))

    def make(tried: Working, size: float) -> None:
        if apart > 1.0 and size:
            _slerp(tried, part, start, wanted, size / apart)
            untwist(tried, part)

    got = limited(work, make, step)
    untwist(work, part)
    after = float(torch.rad2deg(angle_between(direction(work, part), wanted)))
    notes = []
    if got < 0.95 * step - 0.3 or step < 3.0:
        notes.append(f"{part} {way}: it goes no farther")
    exact = amount.exact and amount.unit == "°"
    target = apart - (amount.value or 0.0) if exact and (amount.value or 0) < apart else None
    return Done((moved(f"{part} {way}", f"{part} from {way}", "°", apart, after, -1, target),), tuple(notes))


def make_knee_up(work: Working, change: Change) -> Done:
    """Raises a knee, the shin hanging from it."""
    side = change.part.split()[0]
    leg, metric = f"{side} leg", limb_tilt(f"{side} leg")
    before = work.measure(metric)
    lift = lift_of(direction(work, leg))
    amount = change.amount
    if "level" in change.toward.split() or (amount.size == "plain" and not amount.exact and lift < 62):
        to = 88.0
    elif amount.exact and amount.unit == "°":
        to = (amount.value or 0.0) + (0.0 if amount.absolute else lift)
    else:
        to = min(135.0, lift + amount.of(18.0, 28.0, 50.0))
    behind = lift > 5 and float(direction(work, leg) @ toward(work, leg, "forward")) < 0
    if behind:
        swing_to(work, leg, _at_lift(toward(work, leg, "forward"), min(lift, 10.0)))
        to, lift = max(to, 88.0) if not amount.exact else to, lift_of(direction(work, leg))
    aside = "out" if "out" in change.toward.split() else ""
    to = max(to, lift + 45.0) if aside and not amount.exact else to
    done = make_lift(work, Change(leg, "up", Amount(value=to - lift, unit="°"), aside))
    shin = f"{side}_knee_flexion"
    bent = lift_of(direction(work, leg))
    if work.measure(shin) < bent - 3:
        work.set_angles({shin: min(135.0, bent)})
    after = work.measure(metric)
    return Done((moved(f"{change.part} up", name_of(metric), "°", before, after, -1),), done.notes)
