"""What words mean beside the name of a pose: "kneeling like for a proposal" is on one knee, as that has it."""

import re
from dataclasses import replace

from chatpose.atlas.entry import Entry
from chatpose.language.verified.plan import Plan
from chatpose.language.verified.plan_parts import ARMS, limbs_of
from chatpose.language.verified.request_sides import front_leg
from chatpose.posecodes.grammar import Statement, parse

_WIDER = {
    "kneeling": ("kneeling on the ", "kneeling"),
    "standing": ("standing on the ", "lunging with the ", "bending forward", "squatting"),
    "sitting as on a chair": ("sitting ",),
    "sitting on the floor": ("sitting cross-legged",),
}
"""Postures in general, and how narrower ones begin that people call the same."""
_FRONT_LEG = ("left foot: in front of right foot", "right foot: in front of left foot")
"""Of an entry with a leg in front this only says which; `request_sides` turns the entry."""
_LEVEL = ("torso: horizontal", "chest: facing down", "in a plank", "lying on the front", "torso: head downward")


_SIDED = re.compile(r"\b(left|right)\b")
_LOOKING = re.compile(r"(?i)\b(look|gaz|star|eyes|fac)\w*( is| are)?( \w+)? (straight )?ahead\b")
"""Who looks ahead looks level, however the trunk leans."""


def as_of_entry(plan: Plan, entry: Entry) -> Plan:
    """A plan's words as they are meant of an entry: postures as it has them; ahead of a level body is past its head."""
    claims = [str(one) for one in entry.claims]
    above = all(limbs_of(one) <= ARMS | {"head", "whole"} for one in plan.said)
    said: list[Statement] = []
    for one in plan.said:
        line = str(one)
        if above and line in claims and "whole" in limbs_of(one) and not _SIDED.search(line):
            continue  # it is so already, and who says so doesn't want limbs moved for it
        narrower = _WIDER.get(line, ())
        if any(claim.startswith(start) and claim != line for claim in claims for start in narrower):
            continue
        if line in _FRONT_LEG and front_leg(entry) is not None:
            continue
        if line.endswith("hand: in front of torso") and any(claim in _LEVEL for claim in claims):
            said += [parse(f"{line.split()[0]} hand: beyond head")]
        elif line == "head: straight ahead" and _LOOKING.search(plan.text):
            said += [parse("gaze: level")]
        else:
            said.append(one)
    if said == list(plan.said):
        return plan
    told = {str(one): "said" for one in said}
    kept = tuple(one for one in plan.worded if not str(one).split(" hand ")[-1].startswith("in front of torso"))
    return replace(plan, said=tuple(said), sources=plan.sources | told, worded=kept)
