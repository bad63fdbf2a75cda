"""Which function makes which change."""

import re
from collections.abc import Callable, Collection
from dataclasses import replace

from chatpose.body.skeleton import SMPL
from chatpose.language.verified.edit_done import Done, moved
from chatpose.language.verified.edit_limbs import (
    largest_turn,
    make_copy,
    make_mirror,
    make_relax,
    make_reset_body,
    make_swap,
)
from chatpose.language.verified.edit_orders import (
    make_fold,
    make_fold_behind,
    make_forearms_down,
    make_hips_down,
    make_hips_up,
    make_lunge,
    make_pike,
    make_press_up,
    make_sit_on_heels,
    make_untwist,
)
from chatpose.language.verified.edit_reach import make_apart, make_hand, make_meet
from chatpose.language.verified.edit_settle import support_of
from chatpose.language.verified.edit_stance import (
    lying,
    make_crouch,
    make_feet,
    make_foot,
    make_hips_shift,
    make_knee_on_floor,
    make_knees_planted,
    make_tiptoe,
    on_floor,
    set_flat,
    slides,
    stands,
)
from chatpose.language.verified.edit_state import UP, Working
from chatpose.language.verified.edit_swings import limb_tilt, make_aside, make_knee_up, make_lift, swing_to
from chatpose.language.verified.edit_trunk import (
    make_body_move,
    make_body_turn,
    make_chest_open,
    make_head_ahead,
    make_lean,
    make_look_at,
    make_pelvis_tilt,
    make_rest_trunk,
    make_upright,
)
from chatpose.language.verified.edit_turns import make_turn, turn_of
from chatpose.language.verified.edit_wide import make_stance_knee, over_stance
from chatpose.posecodes.definitions import TORSO_PITCH, height, knee
from chatpose.posecodes.instructions.plan import Amount, Change

Maker = Callable[[Working, Change], Done]

_SIDES = ("left", "right")
_HIPS = re.compile(r"\b(?:hips?|pelvis|bottom|butt|seat)\b")
_LIFTED_HEAD = re.compile(
    r"\b(?:lift|raise)\w* (?:the |your |her |his |their )?head\b|\bhead (?:up )?off\b|\bhead up\b"
)


def apply(work: Working, change: Change, changes: Collection[Change], kept: Collection[int]) -> Done:
    """Makes a change of geometry (all but "hold" and "restore").

    Args:
        work: changed.
        change: what to do.
        changes: all changes of the edit, for what both sides do together.
        kept: joints that mustn't turn.
    """
    if _both_knees(work, change, changes):
        if work.planted == change.way:
            return Done()
        work.planted = change.way
        return make_knees_planted(work, change)
    if _leg_out_of_seat(work, change, changes):
        change = replace(change, amount=Amount(value=8.0, unit="°", by=True), toward="")
    supine = float(work.axis("chest", 2)[1]) > 0.6
    if change.part == "head" and change.way == "nod up" and supine and _LIFTED_HEAD.search(change.words):
        change = replace(change, way="nod down")  # off the floor
    raised = any(other.part == f"{change.part.split()[0]} leg" and other.way == "up" for other in changes)
    if raised and change.part.endswith("knee") and change.way == "straighten":
        return make_turn(work, change)
    maker = _maker(work, change, kept)
    if maker is None:
        return Done((), (f"{change.part} {change.way}: can't be done",))
    return maker(work, change)


def _leg_out_of_seat(work: Working, change: Change, changes: Collection[Change]) -> bool:
    """Whether a leg of who sits is to be raised straight: the knee does it, the thigh is level as it is."""
    side, _, kind = change.part.partition(" ")
    if kind != "leg" or change.way != "up" or change.amount.exact or "overhead" in change.toward:
        return False
    level = 60 < 180 - work.measure(limb_tilt(f"{side} leg")) < 118
    if not level or work.measure(knee(side)) > 140 or lying(work):
        return False
    return any(other.part == f"{side} knee" and other.way == "straighten" for other in changes)


def _both_knees(work: Working, change: Change, changes: Collection[Change]) -> bool:
    """Whether both knees of somebody who stands bend or straighten at once, so that the body sinks or rises."""
    if change.way not in ("bend", "straighten") or not change.part.endswith("knee"):
        return False
    twin = change.mirrored()
    both = any(other.part == twin.part and other.way == twin.way for other in changes)
    if not both:
        return False
    if work.planted == change.way:  # made together with the other one
        return True
    return stands(work) and all(on_floor(work, side) for side in _SIDES)


def _maker(work: Working, change: Change, kept: Collection[int]) -> Maker | None:
    part, way = change.part, change.way
    name = part.removeprefix("left ").removeprefix("right ")
    if way in _BY_WAY:
        return _BY_WAY[way]
    if name == "knee" and way == "up":
        return make_knee_up
    if name == "knee" and way in ("bend", "straighten") and over_stance(work, change):
        return make_stance_knee
    if name == "knee" and way in ("bend", "straighten") and slides(work, change):
        return make_knee_on_floor
    if part in ("pelvis", "body"):
        return _of_body(part, way)
    if way.startswith("lean"):
        hips = {SMPL.index(f"{side}_hip") for side in _SIDES} | {0}
        return lambda w, c: make_lean(w, c, hips_may_move=not hips & set(kept))
    if way == "reset":
        return _reset(name)
    return make_turn if turn_of(change) is not None else _of_part(name, way)


def _of_body(part: str, way: str) -> Maker:
    if way in ("crouch", "rise"):
        return _hips
    if part == "pelvis":
        return make_pelvis_tilt if way.startswith("tilt") else make_hips_shift
    if way == "reset":
        return make_reset_body
    return make_body_turn if way.startswith("turn") else make_body_move


def _hips(work: Working, change: Change) -> Done:
    """Hips lower or higher, whatever the body rests on."""
    front = float(work.axis("chest", 2)[1])
    if front > 0.4 and work.measure(height("pelvis")) < 0.3:
        return make_hips_up(work, change) if change.way == "rise" else make_hips_down(work, change)
    pitch = work.measure(TORSO_PITCH)
    bent_over = pitch > 50 and min(work.measure(knee(side)) for side in _SIDES) > 140 and stands(work)
    if change.way == "rise" and bent_over and not _HIPS.search(change.words):
        return make_upright(work, change)
    support = support_of(work)
    if support is not None and all(joint.endswith("foot") for joint in support.back):
        return make_pike(work, change)
    return make_crouch(work, change)


def _of_part(name: str, way: str) -> Maker | None:
    if name in ("arm", "leg"):
        return make_lift if way in ("up", "down") else make_aside
    if name == "foot":
        return make_tiptoe if way in ("tiptoe", "heel down") else make_foot
    return _BY_PART.get(name)


_HANGS = re.compile(r"\b(?:hang|dangle|droop)")


def _relaxed(work: Working, change: Change) -> Done:
    """A limb at rest; arms that hang from a trunk that is bent over hang straight down."""
    done = make_relax(work, change)
    over = float(work.axis("chest", 1)[1]) < 0.5 and not lying(work)
    if over and change.part.endswith("arm") and _HANGS.search(change.words):
        swing_to(work, change.part, -work.transl.new_tensor(UP))
    return done


_BY_WAY: dict[str, Maker] = {
    "copy": make_copy,
    "swap": make_swap,
    "mirror": make_mirror,
    "relax": _relaxed,
    "open": make_chest_open,
    "upright": make_upright,
    "look at": make_look_at,
    "lunge": make_lunge,
    "meet": make_meet,
    "fold": make_fold,
    "fold behind": make_fold_behind,
    "untwist": make_untwist,
    "forearms down": make_forearms_down,
    "press up": make_press_up,
    "hips down": make_hips_down,
    "sit on heels": make_sit_on_heels,
}  # fmt: skip


def _reset(name: str) -> Maker:
    if name == "head":
        return make_head_ahead
    if name in ("torso", "back", "chest"):
        return make_rest_trunk
    if name == "body":
        return make_reset_body
    if name == "foot":
        return _foot_at_rest
    if name == "wrist":
        return _wrist_at_rest
    if name == "shoulder":
        return _shoulder_at_rest
    return make_relax


def _at_rest(work: Working, change: Change, angles: tuple[str, ...]) -> Done:
    side, before = change.part.split()[0], work.rotations
    work.set_angles({f"{side}_{name}": 0.0 for name in angles})
    turned = largest_turn(before, work.rotations)
    notes = () if turned > 1 else (f"{change.part}: it is at rest already",)
    return Done((moved(f"{change.part} at rest", "largest joint turned", "°", 0.0, turned, 1),), notes)


def _wrist_at_rest(work: Working, change: Change) -> Done:
    return _at_rest(work, change, ("wrist_flexion", "wrist_ulnar_deviation"))


def _shoulder_at_rest(work: Working, change: Change) -> Done:
    return _at_rest(work, change, ("collar_elevation", "collar_protraction"))


def _foot_at_rest(work: Working, change: Change) -> Done:
    side, before = change.part.split()[0], work.rotations
    set_flat(work, side)
    turned = largest_turn(before, work.rotations)
    return Done((moved(f"{change.part} flat", "largest joint turned", "°", 0.0, turned, 1),))


def _forearm(work: Working, change: Change) -> Done:
    """A forearm raised or lowered: the elbow bends or straightens, whichever brings the hand there."""
    side = change.part.split()[0]
    sign = 1.0 if change.way == "up" else -1.0
    if change.way not in ("up", "down"):
        return make_turn(work, Change(f"{side} arm", "turn in" if change.way == "in" else "turn out", change.amount))
    best = None
    for way in ("bend", "straighten"):
        tried = work.copy()
        done = make_turn(tried, Change(f"{side} elbow", way, change.amount))
        height = sign * float(tried.position(f"{side}_wrist")[1])
        if best is None or height > best[0]:
            best = (height, tried, done)
    if best is None:
        return Done()
    work.take(best[1])
    return best[2]


_BY_PART: dict[str, Maker] = {
    "forearm": _forearm,
    "hand": make_hand,
    "hands": make_apart,
    "elbows": make_apart,
    "feet": make_feet,
    "knees": make_feet,
}
