"""Legs, knees and feet."""

from collections.abc import Iterator

from chatpose.posecodes.parsing.said import Said, first_of

_PAIR = {"knee": "knees", "foot": "feet", "toe": "feet", "heel": "feet", "sole": "feet", "ankle": "feet", "leg": "feet",
         "elbow": "elbows", "hand": "hands", "wrist": "hands"}  # fmt: skip


def pair_distance(said: Said) -> Iterator[str]:
    """How far apart a pair is."""
    pair = _PAIR.get(said.part)
    if pair is None or not said.both or any(said.related("than")):
        return
    name = {"feet": "foot"}.get(pair, pair[:-1])
    if any(number.value in ("mm", "cm", "in", "ft", "m") for number in said.clause.numbers):
        return
    if said.has("same height"):
        level = said.has("shoulder width") and pair in ("hands", "feet")
        yield f"{pair}: level and shoulder width apart" if level else f"left {name} above right {name}: -0.1..0.1"
    elif said.has("shoulder width"):
        yield f"{pair}: shoulder width apart"
    elif said.has("wide", "apart") and said.has("far"):
        yield f"{pair}: wide apart"
    elif said.has("wider than shoulders"):
        yield f"left {name} to right {name} distance: 0.35.."
    elif said.has("narrower than shoulders"):
        yield f"left {name} to right {name} distance: ..0.35"
    elif said.has("apart") and said.has("slightly"):
        yield f"left {name} to right {name} distance: 0.2.."
    elif said.has("wide", "apart"):
        yield f"left {name} to right {name} distance: 0.4.."
    elif said.has("touching") and pair == "feet":
        yield "feet: touching each other"
    elif said.has("together") or (said.has("closed") and pair != "hands"):
        yield f"{pair}: close together"


_PAIRED = {name: name for name in ("shoulder", "elbow", "hand", "knee", "foot")} | {"arm": "hand", "heel": "foot"}


def against_the_other(said: Said) -> Iterator[str]:
    """Lines that compare a part with the one of the other side: higher, lower, in front, behind."""
    if said.part not in _PAIRED or len(said.sides) != 1 or said.has("crossed"):
        return
    for relation, part, _ in said.relations:
        if part != said.part:
            continue
        part = _PAIRED[part]
        if relation in ("above", "front"):
            yield from said.each(f"{{s}} {part}: {'above' if relation == 'above' else 'in front of'} {{o}} {part}")
        elif relation in ("below", "behind"):
            yield from said.each(f"{{o}} {part}: {'above' if relation == 'below' else 'in front of'} {{s}} {part}")


def leg_rules(said: Said) -> Iterator[str]:
    """Lines about legs, thighs, shins, hips."""
    if said.part == "thigh" and (said.has("crossed") or said.to(("thigh",), "over", "across")):
        yield "legs: crossed"
    elif said.part in ("thigh", "shin"):
        yield from segment(said, said.part)
        if said.part == "thigh" and said.to(("chest", "torso"), "on", "touch", "to"):
            yield from said.each("{s} thigh: touching chest")
    elif said.part == "hip":
        yield from first_of(
            said,
            (said.to(("shoulder",), "above"), "hips above shoulders: 0.05.."),
            (said.has("floor"), "pelvis: on ground"),
            (said.has("off floor", "raised", "sky", "high") and said.both, "not: pelvis: on ground"),
        )
    elif said.has("crossed") or (said.part == "leg" and said.to(("leg",), "over", "across")):
        yield "legs: crossed"
    else:
        yield from _spread(said)
        yield from _lifted(said)


def _spread(said: Said) -> Iterator[str]:
    """Legs apart or together."""
    if said.has("letter v") and said.both and any(one.value == "torso" for one in said.clause.subjects):
        return  # a V of legs and trunk
    if said.has("letter v") and said.both:
        yield "legs: spread wide"
        return
    if said.both and (said.has("wide") or (said.has("apart") and said.has("side"))):
        yield "legs: spread wide"
    if said.both and said.has("together"):
        yield "knees: close together"
        yield "feet: close together"
    elif said.both:
        yield from pair_distance(said)


def _lifted(said: Said) -> Iterator[str]:
    """Where whole legs are."""
    lifted = said.has("raised", "sky", "off floor", "high")
    upright = said.has("straight up") or (said.has("vertical", "pointing up", "pointed") and said.has("sky", "raised"))
    if said.has("hang") and not said.has("floor"):
        yield from said.each("{s} shin: pointing down")
        return
    if said.has("rounded", "tucked", "under"):
        return
    if said.has("tiptoe"):
        yield from said.each("{s} foot: on tiptoe")
        return
    if said.has("vertical") and not (upright or said.relations or lifted):
        yield from said.each("{s} thigh: vertical", "{s} shin: vertical")
        return
    if said.has("floor") or (said.both and said.has("raised", "sky") and not said.has("off floor")):
        yield from said.each("{s} foot: on ground" if said.has("floor") else "{s} foot: off ground")
        if upright:
            yield from said.each("{s} thigh: pointing up", "{s} shin: pointing up")
        return
    if lifted:
        yield from said.each("{s} foot: off ground")
    if said.has("horizontal", "hip height"):
        yield from said.each("{s} thigh: horizontal")
    front, rear = "{s} foot: in front of {o} foot", "{o} foot: in front of {s} foot"
    free = lifted or said.both or said.level or any(one.startswith("standing on the") for one in said.postures)
    yield from first_of(
        said,
        (said.has("forward") or said.to(("torso",), "front"), "{s} foot: in front of pelvis" if free else front),
        (said.has("backward") or said.to(("torso", ""), "behind"), "{s} foot: behind pelvis" if free else rear),
    )
    if upright:
        yield from said.each("{s} thigh: pointing up", "{s} shin: pointing up")
    if len(said.sides) == 1 and said.has("side", "out", f"dir {said.sides[0]}") and not said.has("forward", "backward"):
        yield f"{said.sides[0]} foot left of {said.sides[0]} hip: {'0.2..' if said.sides == ('left',) else '..-0.2'}"
    yield from first_of(
        said, (said.to(("leg", "foot", "knee"), "front"), front), (said.to(("leg", "foot", "knee"), "behind"), rear)
    )


def segment(said: Said, part: str) -> Iterator[str]:
    """Lines about the direction of a thigh, shin, upper arm or forearm."""
    if part == "shin" and said.both and said.has("crossed"):
        yield "legs: crossed"
        return
    if said.degrees is not None:
        return  # a slope, said in numbers
    if part == "shin" and said.has("floor"):
        yield from said.each("{s} shin: horizontal", "{s} knee: on ground")
    elif said.has("horizontal"):
        yield from said.each(f"{{s}} {part}: horizontal")
    elif said.has("vertical"):
        yield from said.each(f"{{s}} {part}: vertical")
    elif said.has("straight down"):
        yield from said.each(f"{{s}} {part}: vertical", f"{{s}} {part}: pointing down")
    elif part == "thigh" and said.has("raised") and not said.has("sky", "vertical", "pointing up"):
        yield from said.each("{s} thigh: horizontal")
    elif said.has("sky", "pointing up") or (part in ("forearm", "shin") and said.has("raised")):
        yield from said.each(f"{{s}} {part}: pointing up")
    elif said.has("down", "to floor"):
        yield from said.each(f"{{s}} {part}: pointing down")
    if part == "thigh" and said.both and said.has("apart", "wide"):
        yield "left knee to right knee distance: 0.3.."
    if said.has("together", "touch") and said.both and part in ("thigh", "shin", "forearm"):
        yield f"{part}s: touching each other"


def _at_own(said: Said, part: str) -> bool:
    """Whether it is at a part of its own side."""
    return any(of == part and side in ("{s}", *said.sides) for of, side in said.related("to", "at", "touch"))


_DRAWN = ("chest", "torso", "belly", "chin", "head", "face")


def knee_rules(said: Said) -> Iterator[str]:
    """Lines about knees."""
    if said.has("hug"):
        yield from said.each("{s} knee: near torso")
        if said.both:
            yield from said.each("not: {s} knee: straight")
        return
    yield from pair_distance(said)
    if said.both and said.has("out", "side") and not said.has("together"):
        yield "left knee to right knee distance: 0.4.."
    past = said.to(("knee",), "left of", "right of")
    pelvis = ("pelvis", "hip", "torso")
    single = said.has("raised", "high", "sky") and not said.both
    yield from first_of(said, (past, "{s} knee: to the {o} of {o} knee"), (said.has("crossed"), "legs: crossed"))
    yield from first_of(
        said,
        (said.has("floor", "to floor"), "{s} knee: on ground"),
        (said.has("off floor"), "not: {s} knee: on ground"),
        (said.to(_DRAWN, "to", "towards", "on", "touch", "at", "under"), "{s} knee: near torso"),
        (said.has("hip height", "waist height") or said.to(("hip",), "to", "level"), "{s} thigh: horizontal"),
        (said.to(("hip",), "above"), "{s} knee: above {s} hip"),
        (_at_own(said, "shoulder"), "{s} knee: near {s} shoulder"),
        (said.to(("ankle", "heel"), "above"), "{s} shin: vertical"),
        (single, "{s} knee: above {o} knee" if said.low else ("{s} foot: off ground", "{s} knee: above {o} knee")),
    )
    yield from first_of(
        said,
        (said.to(pelvis, "front"), "{s} knee: in front of pelvis"),
        (said.to(pelvis, "behind"), "{s} knee: behind pelvis"),
        (said.has("forward"), "{s} knee: in front of pelvis"),
        (said.has("backward") and not said.has("bent"), "{s} knee: behind pelvis"),
    )


_SEAT = ("pelvis", "hip", "thigh", "leg", "knee", "shin", "foot", "head", "back")
_NEARING = ("to", "towards", "at", "by", "on", "touch", "against", "under")


def foot_rules(said: Said) -> Iterator[str]:
    """Lines about feet, toes, heels, soles, ankles."""
    if said.part in ("foot", "ankle", "heel") or (said.part == "toe" and said.has("touching", "together")):
        yield from pair_distance(said)
    heel, toe = said.part == "heel", said.part == "toe"
    special = list(
        first_of(
            said,
            (said.both and said.part == "sole" and said.has("together", "touch"), "feet: touching each other"),
            (said.has("plantar"), "{s} foot: pointed"),
            (said.has("dorsi") or (toe and said.has("pulled", "bent") and not said.has("down")), "{s} foot: flexed"),
            (said.has("crossed"), "legs: crossed"),
            (
                said.has("tiptoe") or (heel and said.has("raised", "off floor") and not said.to(_SEAT, *_NEARING)),
                "{s} foot: on tiptoe",
            ),
        )
    )
    yield from special
    if not special:
        yield from _foot_place(said, toe)
        yield from _foot_turn(said, toe)
    if not special or said.has("crossed"):
        yield from _foot_relations(said)


def _foot_place(said: Said, toe: bool) -> Iterator[str]:
    down = (
        said.has("floor")
        or (said.has("to floor") and not said.has("pointed", "pointing"))
        or (said.features == {"down"} and not toe)
    )
    lifted = said.has("off floor", "sky", "raised", "high") and not toe
    lifted = lifted or (said.has("on elsewhere") and not (said.both or toe or said.level) and said.part != "heel")
    if said.clause.negated and said.has("off floor") and not toe:
        yield from said.each("!{s} foot: on ground")
        return
    yield from first_of(said, (lifted, "{s} foot: off ground"), (down, "{s} foot: on ground"))
    if said.part in ("foot", "sole") and said.has("flat") and not (said.clause.negated or said.has("elsewhere")):
        yield from said.each("{s} foot: on ground", "not: {s} foot: on tiptoe")


def _foot_turn(said: Said, toe: bool) -> Iterator[str]:
    lifted = said.has("off floor", "sky", "raised")
    inward = said.has("inward") or (
        said.has("in") and not said.has("tucked", "tight") and (toe or said.has("pointed", "turned"))
    )
    ahead = said.has("forward") and not said.both and not said.has("pointed", "pointing", "turned")
    back = said.has("backward") or said.to(("",), "behind")
    placed = any(said.related("front", "behind", "beyond"))
    front, rear = "{s} foot: in front of {o} foot", "{o} foot: in front of {s} foot"
    yield from first_of(
        said,
        (said.both and said.has("pointed", "turned") and said.has("each other"), "{s} foot: turned in"),
        (said.has("pointed") and not said.has("out", "in", "raised", "forward", "side"), "{s} foot: pointed"),
        (said.has("pointing") and said.has("to floor"), "{s} foot: pointed"),
        (said.has("bent") and said.part == "foot", "{s} foot: flexed"),
        (
            said.has("out") and not (said.has("forward", "apart", "wide") or placed) and said.degrees is None,
            "{s} foot: turned out",
        ),
        (inward, "{s} foot: turned in"),
        (_parallel(said, toe), "not: {s} foot: turned out"),
        (ahead, "{s} foot: in front of pelvis" if lifted else front),
        (back and not said.both, "{s} foot: behind pelvis" if lifted else rear),
    )


def _parallel(said: Said, toe: bool) -> bool:
    """Whether feet or toes look straight ahead: "feet parallel", "toes pointing forward"."""
    ahead = said.has("forward") and said.has("pointed", "pointing", "turned", "facing")
    level = ahead and (toe or said.both)
    return not said.relations and (level or (said.both and said.has("neutral") and said.part in ("foot", "toe")))


_TIPS = ("foot", "toe", "heel", "sole")


def _foot_relations(said: Said) -> Iterator[str]:
    for relation, part, side in said.relations:
        beside = part in ("foot", "ankle", "leg", "heel", "toe")
        touching = relation in ("on", "touch", "to", "at", "by", "rest")
        if said.both and beside and side == "{o}" and relation in ("front", "behind"):
            yield "?left foot: in front of right foot"  # "feet one behind the other"
            continue
        own = side or "{s}"
        thigh = "shin" if part == "shin" else "thigh"
        above = "head" if part == "head" else f"{own} {part}"
        yield from first_of(
            said,
            (part in ("pelvis", "hip", "torso") and relation == "front", "{s} foot: in front of pelvis"),
            (part in ("pelvis", "hip", "torso") and relation == "behind", "{s} foot: behind pelvis"),
            (part == "foot" and relation in ("left of", "right of"), f"{{s}} foot: to the {relation} {{o}} foot"),
            (beside and relation == "front", "{s} foot: in front of {o} foot"),
            (beside and relation == "behind", "{o} foot: in front of {s} foot"),
            (part in _TIPS and relation in ("on", "touch", "rest"), "feet: touching each other"),
            (part == "foot" and relation in ("above", "over") and not said.has("crossed"), "{s} foot: above {o} foot"),
            (part in ("hip", "knee", "head") and relation in ("above", "over"), f"{{s}} foot: above {above}"),
            (
                part in ("thigh", "leg", "shin") and (touching or relation == "inside"),
                f"{{s}} foot: touching {{o}} {thigh}",
            ),
            (part in ("knee", "ankle") and touching, f"{{s}} foot: near {{o}} {part}"),
            (part in ("pelvis", "hip") and touching, f"{{s}} foot to {own} hip distance: ..0.25"),
            (part in ("head", "face") and touching, "{s} foot: near head"),
        )
