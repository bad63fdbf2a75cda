"""Instructions about whole limbs or the whole pose: mirror, swap, copy."""

import re

from chatpose.posecodes.definitions import OTHER
from chatpose.posecodes.instructions.clauses import Clause
from chatpose.posecodes.instructions.facts import SIDES, Facts
from chatpose.posecodes.instructions.plan import Amount, Change

_ARMS = frozenset(("arm", "elbow", "forearm", "hand", "palm", "wrist"))
_OTHER_WAY = re.compile(r"^(?:the )?other (?:side|way(?: a?round)?)$|^(?:do |take |show |on )?(?:it |"
    r"that )?(?:on )?the other side$|"
                        r"^(?:the )?mirror image$|^other way a?round$")  # fmt: skip


def read_structure(clause: Clause, facts: Facts, notes: list[str]) -> list[Change] | None:
    """Changes that make one limb of another; None for other clauses."""
    cues, rest = clause.cues, clause.rest
    limbs = [part for part in clause.parts if not part.middle]
    if _OTHER_WAY.match(clause.text) or (cues.has("mirror") and not limbs) or ("swap" in cues and not limbs):
        return [Change("body", "mirror")]
    if "swap" in cues or ("mirror" in cues and limbs and all(part.side == "both" for part in limbs)):
        return [Change("arms" if part.name in _ARMS else "legs", "swap") for part in limbs[:1]]
    copies = cues.has("copy") or ("mirror" in cues and limbs) or re.search(r"\bas (?:@|the)", rest)
    if copies and limbs:
        return _copied(clause, facts, notes)
    if cues.has("copy") and "symmetric" in clause.text:
        return _symmetric("arm", facts, notes) + _symmetric("leg", facts, notes)
    if limbs and limbs[0].side == "other" and re.search(r"\binstead\b|\bdo (?:it|that|this) with\b", clause.text):
        return [Change("arms" if limbs[0].name in _ARMS else "legs", "swap")]
    if limbs and limbs[0].side == "other" and cues.has("too") and not cues.names - {"too", "move", "turn"}:
        return _other_too(clause, facts, notes)
    if re.search(r"\bon (?:the )?other (?:leg|foot|one)$", clause.text) and facts.standing_on:
        return [Change("legs", "swap")]
    if re.search(r"\b(?:stand|balance) on (?:the )?other(?: one| leg| foot)?$", clause.text):
        return _stand_on_other(facts)
    return None


def _stand_on_other(facts: Facts) -> list[Change] | None:
    """Legs exchanged, where one of them stands."""
    if not facts.standing_on:
        return None
    return [Change("legs", "swap")]


def _copied(clause: Clause, facts: Facts, notes: list[str]) -> list[Change] | None:
    """As in "make the right arm like the left", "copy the left leg to the right"."""
    limbs = [part for part in clause.parts if not part.middle]
    kind = "arm" if limbs[0].name in _ARMS else "leg"
    sides = [part.side for part in limbs if part.side in (*SIDES, "other")]
    said = re.findall(r"\b(left|right|other)\b", clause.text)
    if limbs[0].side == "both" and not set(said) & set(SIDES):
        return _symmetric(kind, facts, notes) if "symmetric" in clause.text or "same" in clause.text else None
    named = sides if len(sides) > 1 else said
    named = [side for side in dict.fromkeys(named)]
    if not named or named[0] not in (*SIDES, "other"):
        return None
    first = named[0]
    second = next((side for side in named[1:] if side != first), "other" if first != "other" else "")
    if first == "other":
        first = OTHER.get(second, "right")
    if second in ("other", ""):
        second = OTHER[first]
    onto = re.search(r"\b(?:cop(?:y|ies)|mirror)\b", clause.text) and re.search(r"\b(?:to|onto|on)\b", clause.text)
    target = second if onto else first
    return [Change(f"{target} {kind}", "copy", Amount(), f"{OTHER[target]} {kind}")]


def _symmetric(kind: str, facts: Facts, notes: list[str]) -> list[Change]:
    side = facts.higher("hand" if kind == "arm" else "foot") or "left"
    notes.append(f"took the {side} {kind} for both sides")
    return [Change(f"{OTHER[side]} {kind}", "copy", Amount(), f"{side} {kind}")]


def _other_too(clause: Clause, facts: Facts, notes: list[str]) -> list[Change] | None:
    """As in "the other arm too", with nothing before: as the one that is held more out of rest."""
    kind = "arm" if clause.parts[0].name in _ARMS else "leg"
    side = facts.higher("hand" if kind == "arm" else "foot") or "right"
    notes.append(f"took the {side} {kind} as the one to follow")
    return [Change(f"{OTHER[side]} {kind}", "copy", Amount(), f"{side} {kind}")]
