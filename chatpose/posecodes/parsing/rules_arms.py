"""Arms and palms."""

from collections.abc import Iterator

from chatpose.posecodes.parsing.rules_hands import hand_relations, hand_rules
from chatpose.posecodes.parsing.rules_legs import segment
from chatpose.posecodes.parsing.said import FRONT_PARTS, OTHER, Said, around, first_of


def arm_rules(said: Said) -> Iterator[str]:
    """Lines about arms, upper arms and forearms."""
    if said.part in ("forearm", "upper arm"):
        yield from _half(said)
    elif said.has("pockets"):
        yield from hand_rules(said)
    elif said.both and said.has("crossed", "folded", "cross body") and not said.has("backward"):
        yield "arms: crossed"
    elif said.has("cross body") or said.to(("torso", "chest", "belly", "hip"), "across"):
        yield from said.each("{s} hand: to the {o} of {s} shoulder")
    elif said.to(("back",), "to", "around", "across"):
        yield from said.each("{s} hand: behind torso")
    else:
        overhead = said.has("sky") or said.to(("head", "face"), "above", "at")
        yield from _place(said, overhead)
        beside = said.to(FRONT_PARTS, "at", "to", "along", "by") and not (said.relations[1:] or said.has("bent"))
        if not overhead and said.degrees is None and not beside:
            yield from hand_relations(said)


def _place(said: Said, overhead: bool) -> Iterator[str]:
    """Where whole arms are."""
    if said.has("floor") and not said.has("raised"):
        yield from said.each("{s} hand: on ground")
    if said.has("letter v"):
        yield from said.each("{s} arm: raised high")
        return
    forms = said.has("right angle") and not said.has("raised", "out", "side", "forward", "high") and not said.relations
    degrees = said.degrees
    along = said.to(FRONT_PARTS, "along", "at", "by") and not said.has("raised", "forward", "bent", "backward")
    down = along or said.has("at side") or (said.has("down") and not said.has("forward", "raised", "sky", "backward"))
    if forms:
        yield from said.each("{s} elbow: right angle")
    elif said.has("half") and said.has("raised") and not said.has("bent"):
        yield from said.each("{s} armpit angle: 30..60" if said.has("horizontal") else "{s} armpit angle: 30..110")
        yield from said.each("{s} hand: in front of torso") if said.has("forward") else ()
    elif degrees is not None and not said.has("bent"):
        over = said.has("horizontal") and [side for _, side in said.related("above")]
        under = said.has("horizontal") and [side for _, side in said.related("below")]
        yield from _raise(said, 90 + degrees if over else 90 - degrees if under else degrees)
    elif down and not said.has("akimbo", "beyond") and not said.to(("head",), "beyond"):
        yield from _down(said)
    elif not overhead and (said.has("forward") or said.to(FRONT_PARTS, "front")):
        yield from _forward(said)
    else:
        yield from _raised(said, overhead)


def _raised(said: Said, overhead: bool) -> Iterator[str]:
    behind = said.has("backward") or said.to((*FRONT_PARTS, ""), "behind")
    diagonal = said.has("diagonal") and said.has("raised", "high")
    own, across = (f"dir {said.sides[0]}", f"dir {OTHER[said.sides[0]]}") if len(said.sides) == 1 else ("", "")
    aside = said.has("side", "wide", "apart", "out", own)
    if said.has(across) and not (behind or overhead or said.has("down")):
        yield from said.each("{s} hand: to the {o} of {s} shoulder")
        if said.has("raised", "high"):
            yield from said.each("{s} armpit angle: 60..")
        return
    if aside and not (said.has("akimbo", "beyond") or overhead or behind or diagonal):
        yield from _aside(said)
        return
    single = ("{s} arm: raised overhead", "{s} hand: above head") if overhead else "{s} arm: raised high"
    yield from first_of(
        said,
        (said.has("akimbo"), "{s} hand: on hip"),
        (said.has("above shoulder height"), "{s} hand: above {s} shoulder"),
        (said.has("below shoulder height"), "{s} hand: below {s} shoulder"),
        (said.has("beyond") or said.to(("head",), "beyond"), "{s} hand: beyond head"),
        (overhead, "arms: raised overhead" if said.both else single),
        (behind, "{s} hand: behind torso"),
        (diagonal, "{s} arm: raised high"),
        (said.has("horizontal"), "{s} arm: raised level"),
        (said.has("high"), "arms: raised overhead" if said.both else single),
        (said.has("raised") and said.has("slightly"), "{s} arm: raised a little"),
        (said.has("raised"), "arms: raised overhead" if said.both else "{s} armpit angle: 60.."),
    )


def _half(said: Said) -> Iterator[str]:
    """Upper arm or forearm alone."""
    if said.part == "forearm" and said.has("floor"):
        yield from said.each("{s} elbow: on ground", "{s} hand: on ground")
    elif said.part == "forearm" and said.has("crossed") and said.both:
        yield "forearms: touching each other"
    elif said.part == "upper arm" and (
        said.has("down") or said.to(FRONT_PARTS, "at", "by", "touch", "on", "along", "to")
    ):
        yield from said.each("{s} arm: at the side")
    elif said.part == "upper arm" and said.degrees is not None:
        yield from _raise(said, said.degrees)
    else:
        yield from segment(said, said.part)
    if (
        said.part == "forearm"
        and not said.both
        and (said.has("cross body") or said.to((*FRONT_PARTS, "hip"), "across"))
    ):
        yield from said.each("{s} hand: to the {o} of {s} shoulder")
    if said.part == "forearm" and said.to(FRONT_PARTS, "front"):
        yield from said.each("{s} hand: in front of torso")
    for part, side in said.related("on", "touch", "rest", "across", "over", "to"):
        if part in ("head", "face", "gaze", "chin") and said.part == "forearm":
            yield from said.each("{s} forearm: touching head")
        elif part in ("thigh", "knee") and said.part == "forearm":
            part = "thigh"  # the knee is its end
            yield from said.each(f"{{s}} forearm: touching {side or '{s}'} {part}")


def _raise(said: Said, degrees: float) -> Iterator[str]:
    if abs(degrees - 90) < 1:
        yield from said.each("{s} arm: raised level")
    else:
        yield from said.each(around("{s} armpit angle", degrees))


def _down(said: Said) -> Iterator[str]:
    if said.has("out", "diagonal", "away") or (said.has("slightly") and said.has("side", "apart")):
        yield from said.each("{s} arm: raised a little")
        return
    if said.has("to floor") or "bending forward" in said.postures:
        yield from said.each("{s} upper arm: pointing down")
        return
    yield from said.each("{s} arm: at the side")
    if said.both and said.has("hang"):
        yield "arms: hanging down"


def _forward(said: Said) -> Iterator[str]:
    if said.level:
        yield from said.each("{s} hand: beyond head")
        return
    if said.has("raised") and said.has("slightly"):
        yield from said.each("{s} arm: raised a little", "{s} hand: in front of torso")
    elif said.has("down"):
        yield from said.each("{s} hand: in front of torso")
    elif said.both and not said.has("bent"):
        yield "arms: stretched forward"
    else:
        yield from said.each("{s} hand: in front of torso")
        if said.has("straight", "stretched", "horizontal", "raised", "pointed") and not said.has("bent", "half"):
            yield from said.each("{s} arm: raised level")


def _aside(said: Said) -> Iterator[str]:
    if said.has("slightly"):
        yield from said.each("{s} arm: raised a little")
    elif said.both and not said.has("bent"):
        yield "arms: spread to the sides"
    elif not said.has("bent"):
        yield from said.each("{s} hand: far to the {s} of {s} shoulder")
        if not said.has("down", "high"):
            yield from said.each("{s} arm: raised level")
    elif said.has("horizontal"):
        yield from said.each("{s} arm: raised level")


_PALMED = ("hip", "thigh", "knee", "chest", "belly", "head", "back", "torso", "neck", "face", "shin", "leg", "pelvis")
_PALMS = (
    (("raised", "sky", "pointing up"), "up"),
    (("down", "to floor"), "down"),
    (("forward",), "forward"),
    (("backward",), "backward"),
    (("in", "each other", "together"), "inward"),
    (("away",), "forward"),
    (("out",), "outward"),
)


def palm_rules(said: Said) -> Iterator[str]:
    """Lines about palms."""
    if said.both and said.has("together", "clasped") and not said.has("turned"):
        yield from hand_rules(said)
        return
    if not said.relations or not said.to(_PALMED, "on", "touch"):
        if said.to(("",), "behind") or said.to(("",), "front"):
            yield from said.each(f"{{s}} palm: facing {'backward' if said.to(('',), 'behind') else 'forward'}")
            return
        for features, way in _PALMS:
            if (
                said.has(*features)
                and not (way == "inward" and not said.both and not said.has("in"))
                and not (way == "outward" and said.has("held out"))
            ):
                yield from said.each(f"{{s}} palm: facing {way}")
                if said.has("held out"):
                    yield from said.each("{s} hand: in front of torso")
                return
        if said.to(("torso", "thigh", "leg", "pelvis", "head", "palm"), "to", "towards", "touch", "front"):
            yield from said.each("{s} palm: facing inward")
            return
    yield from hand_rules(said)
