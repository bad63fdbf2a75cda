"""Requests that take only a part of a named pose ("the arms of the eagle with the legs of the tree").

Also "only the right arm is raised", "the other hand on the hip", and "with the left hand" of the pose as a whole.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

from chatpose.atlas.entry import Entry
from chatpose.language.verified.plan import Plan, agreeing, once, without_contradictions
from chatpose.language.verified.plan_parts import ARMS, LEGS, Limb, limbs_of
from chatpose.language.verified.request_sides import busy_limb
from chatpose.language.verified.spotting import Spotted
from chatpose.posecodes.grammar import parse

BUSY_ALREADY = 0.8
"""How far-fetched it is that "the other hand" is the one that the pose keeps busy."""
_OF = r"\b(?:of|from|like|as in|in) (?:a |an |the )?$"
_ARMS_OF = re.compile(rf"(?i)\b(?:arms?|hands?|upper body|top half|arm position) {_OF}")
_LEGS_OF = re.compile(rf"(?i)\b(?:legs?|feet|lower body|bottom half|stance|leg position) {_OF}")
_ITS_ARMS = re.compile(r"(?i)^(?:['’]s)? (?:pose )?(?:arms|upper body)\b")
_ITS_LEGS = re.compile(r"(?i)^(?:['’]s)? (?:pose )?(?:legs|lower body|stance)\b")
_WITH_SIDE = re.compile(
    r"(?i)\b(?:but )?(?:with|using) (?:the |his |her |your |their |my )?(?:left|right) (?:hand|arm|leg|foot)"
    r"(?: instead)?(?=\s*(?:[,;.:!]|and\b|but\b|while\b|$))"
)
_ONE_OF_TWO = re.compile(
    r"(?i)\bonly (?:with )?(?:the |his |her |their )?(left|right|one) (?:arm|hand)\b|"
    r"\b(left|right|one) (?:arm|hand)\b[^,;.]* instead of (?:both|two)|"
    r"\bjust (?:the |his |her )?(left|right|one) arm\b|"
    r"\bonly on (?:the |his |her |one )?(left|right)\b"
)
_OTHER = re.compile(r"(?i)\bother (hand|arm|leg|foot|knee)\b")
_IN = re.compile(
    r"(?i)^[\s,]*(?:who is |is |who )?(?:in|does|doing|performing|practi[sc]ing|holding|taking|striking|trying)"
    r"(?: (?:a|an|the|his|her))?\s*$"
)


def lends_arms(line: str, spotted: Spotted) -> bool:
    """Whether only the arms of a named pose are meant."""
    return bool(_ARMS_OF.search(line[: spotted.start]) or _ITS_ARMS.match(line[spotted.stop :]))


def gives_legs(line: str, names: Sequence[Spotted]) -> Spotted | None:
    """The pose whose legs are meant where another one's arms are; the one left where only arms are spoken of so."""
    armed = [one for one in names if lends_arms(line, one)]
    others = [one for one in names if one not in armed]
    if not armed or not others:
        return None
    legs = [one for one in others if _LEGS_OF.search(line[: one.start]) or _ITS_LEGS.match(line[one.stop :])] or [
        one for one in others if one.strength != "doubtful"
    ]
    return legs[0] if legs else None


def done_by(line: str, names: Sequence[Spotted]) -> Spotted | None:
    """Of "a yogi in crow pose" the pose: a name right after another one and "in" or "doing"."""
    for first, second in itertools.pairwise(names):
        if second.strength == "clear" and _IN.match(line[first.stop : second.start]):
            return second
    return None


def without_sides(line: str) -> tuple[str, str]:
    """A sentence without what only gives a side to its pose ("with the left hand, …"), and that."""
    told = " ".join(_WITH_SIDE.findall(line))
    return (_WITH_SIDE.sub(" , ", line), told) if told else (line, "")


def one_of_two(plan: Plan) -> Plan:
    """Of "only the right arm is raised" the other arm hangs, as far as the words say nothing else of it."""
    match = _ONE_OF_TWO.search(plan.text)
    if match is None:
        return plan
    side = next((one.lower() for one in match.groups() if one), "one")
    arms = sorted(plan.changed & ARMS)
    if side == "one":
        side = arms[0].partition(" ")[0] if len(arms) == 1 else "right"
    idle = "left" if side == "right" else "right"
    if f"{idle} arm" in arms:
        return plan
    more = agreeing([parse(f"{idle} arm: at the side")], plan.said)
    said, _ = without_contradictions((*plan.said, *more))
    return replace(plan, said=once(said), sources=plan.sources | {str(one): "said" for one in more})


def of_the_other(plan: Plan, entry: Entry) -> Plan:
    """Less likely where "the other hand" is the one that the pose needs."""
    match = _OTHER.search(plan.text)
    if match is None or not plan.open_sided:
        return plan
    pool = ARMS if match[1].lower() in ("hand", "arm") else LEGS
    busy: Limb | None = busy_limb(entry.must, pool)
    if busy is not None and plan.mirrored:
        busy = next(iter(pool - {busy}))
    said = {limb for one in plan.said for limb in limbs_of(one)} & pool
    return replace(plan, weight=plan.weight + BUSY_ALREADY) if busy in said and len(said) == 1 else plan
