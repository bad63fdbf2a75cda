"""Knees, elbows and hips: bent how far."""

from collections.abc import Iterator

from chatpose.posecodes.parsing.said import Said, around

_JOINT = {"knee": "knee", "leg": "knee", "shin": "knee", "elbow": "elbow", "arm": "elbow", "hip": "hip"}
_ANGLED = ("to", "with", "at", "from", "towards")
_AMOUNTS = (("slightly", "slightly bent"), ("half", "half bent"), ("fully", "fully bent"), ("strongly", "sharply bent"))


def bend_rules(said: Said) -> Iterator[str]:
    """Lines about how far a joint is bent."""
    joint = _joint(said)
    if joint is None or said.has("twisted", "lean", "hug"):
        return
    if any(said.related("than")):
        more = said.has("more", "at least") or "more" in said.clause.words
        if said.has("bent") and not said.clause.negated and (more or said.has("less")):
            # how much more, no statement says
            yield from said.each(f"not: {'{s}' if more else '{o}'} {joint}: straight")
        return
    limb = said.part in ("arm", "leg", "shin") and not said.has("soft")
    bent = _is_bent(said)
    degrees = said.degrees
    if said.has("past right angle") and joint != "hip":
        yield from said.each(f"{{s}} {joint} angle: ..90")
        return
    forms = said.part == "leg" and said.has("right angle") and not said.has("raised", "out", "side", "forward")
    if degrees is not None and (bent or forms or not limb):
        yield from _degrees(said, joint, degrees)
    elif joint == "hip":
        if said.has("straight", "stretched"):
            yield from said.each("{s} hip: straight")
        elif said.has("fully", "strongly", "folded") and (bent or said.has("folded")):
            yield from said.each("{s} hip: folded")
        elif bent:
            yield from said.each("{s} hip: half open" if said.has("half") else "not: {s} hip: straight")
    elif bent or (
        not limb and said.has("slightly") and not said.has("raised", "apart", "out", "lean", "forward", "in")
    ):
        yield from said.each(_bent(said, joint))
    elif said.part != "shin" and (said.has("straight") or (said.has("stretched") and not _reaching(said, joint))):
        yield from said.each(f"{{s}} {joint}: straight")


def _joint(said: Said) -> str | None:
    """Which joint is spoken of; the hip in "the legs at a right angle to the trunk"."""
    if said.part == "leg" and said.has("right angle") and said.to(("torso", "back", "pelvis", "hip"), *_ANGLED):
        return "hip"
    return _JOINT.get(said.part)


def _is_bent(said: Said) -> bool:
    """Whether the words say that the joint is bent."""
    if said.part == "elbow" and said.has("tilted"):
        return True  # "one elbow cocked"
    if said.part == "knee" and (said.has("pulled", "folded") or _drawn_up(said)):
        return True
    if said.part in ("leg", "shin") and said.has("folded", "rounded", "tucked"):
        return True
    if said.part == "arm" and said.has("folded") and not (said.both or said.relations):
        return True
    if said.part == "knee" and said.has("limp"):
        return True  # "the free knee relaxed"
    at_shoulder = said.part == "arm" and said.has("flexed") and said.has("forward", "side")
    return said.has("bent") and not at_shoulder


def _drawn_up(said: Said) -> bool:
    """Both knees up, or the knees at the chin."""
    up = said.both and said.has("raised", "high") and not said.has("off floor")
    return up or said.to(("chin", "head", "face"), "to", "on", "touch", "at", "reach", "under")


def _reaching(said: Said, joint: str) -> bool:
    """Arms stretched somewhere: where tells enough."""
    return (
        joint == "elbow"
        and said.both
        and (
            said.has("forward", "side", "sky", "wide", "backward", "raised")
            or any(relation != "beyond" for relation, *_ in said.relations)
        )
    )


def _degrees(said: Said, joint: str, degrees: float) -> Iterator[str]:
    if said.has("at least", "at most") and (not said.has("bent") or {"to", "at"} & set(said.clause.words)):
        yield from said.each(f"{{s}} {joint} angle: {f'{degrees:g}..' if said.has('at least') else f'..{degrees:g}'}")
        return
    if said.has("at most") and said.has("bent"):
        yield from said.each(f"{{s}} {joint} angle: {max(0, 180 - degrees):g}..")
        return
    flexed = said.has("at least") and said.has("bent")  # without "to" or "at", or the first case would hold
    if abs(degrees - 90) < 1 and not flexed:
        yield from said.each(f"{{s}} {joint}: right angle")
        return
    if not 0 <= degrees <= 180:
        return
    words = said.clause.words
    if said.has("at least") and said.has("bent") and not {"to", "at"} & set(words):
        yield from said.each(f"{{s}} {joint} angle: ..{180 - degrees:g}")
        return
    flexion = 180 - degrees
    if "by" in words or said.has("flexion"):
        yield from said.each(around(f"{{s}} {joint} angle", flexion))
    elif said.has("flexed") or (said.has("bent") and not {"to", "at", "angle"} & set(words)):
        low, high = sorted((degrees, flexion))  # the words allow both
        yield from said.each(f"{{s}} {joint} angle: {max(0, low - 10):g}..{min(180, high + 10):g}")
    else:
        yield from said.each(around(f"{{s}} {joint} angle", degrees))


def _bent(said: Said, joint: str) -> str:
    if not said.clause.negated:
        for feature, predicate in _AMOUNTS:
            if said.has(feature):
                return f"{{s}} {joint}: {predicate}"
    elif said.has("fully", "strongly"):
        return f"{{s}} {joint}: {'fully' if said.has('fully') else 'sharply'} bent"
    return f"not: {{s}} {joint}: straight"  # the denial of it is: straight
