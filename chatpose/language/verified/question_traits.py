"""What is asked of one part ("bent", "raised", "turned to the left"), each on one measure."""

import re
from dataclasses import dataclass
from math import inf

from chatpose.language.verified.question_facts import PoseFacts, Reading
from chatpose.language.verified.question_findings import (
    UNKNOWN,
    Finding,
    Test,
    across,
    all_of,
    any_of,
    bend,
    judged,
    limb_tilt,
    outward,
    raise_of,
    special_of,
    to_side,
    within,
)
from chatpose.language.verified.question_parts import Part
from chatpose.posecodes.definitions import (
    BACK_CURVE,
    CHEST_FACING,
    GAZE,
    HEAD_NOD,
    HEAD_TILT,
    HEAD_TURN,
    TORSO_LEAN,
    TORSO_PITCH,
    TORSO_TILT,
    TWIST,
    distance,
    height,
    offset,
)


@dataclass(frozen=True)
class Trait:
    """Something that is asked of a part.

    Attributes:
        nouns: parts that it is asked of.
        words: how it is said.
        test: whether it is so.
    """

    nouns: frozenset[str]
    words: re.Pattern[str]
    test: Test


def _trait(nouns: str, words: str, test: Test) -> Trait:
    return Trait(frozenset(nouns.split("/")), re.compile(rf"\b(?:{words})\b"), test)


_JOINTS = "knee/elbow/leg/arm/hip"
_LIMBS = "arm/upper arm/forearm/leg/thigh/shin/torso/back/hand"
_ARMS = "arm/upper arm/elbow"
_FLOORED = "foot/leg/heel/toes/ankle"
STRAIGHT_DEG, RAISED_DEG, FLOOR_M = 160.0, 45.0, 0.08

_TRAITS: tuple[Trait, ...] = (
    # bends
    _trait("arm", "rightangle (?:to|with) the (?:torso|body|trunk|side)", within(raise_of, 75, 105)),
    _trait(_JOINTS, "rightangle|perpendicular|90 ?(?:degrees|°)", within(bend, 75, 105)),
    _trait(
        "knee/elbow/leg/arm",
        "(?:fully|completely|tightly|sharply|deeply|strongly|acutely|very|heavily) (?:bent|flexed|folded)",
        within(bend, high=75),
    ),
    _trait(
        "knee/elbow/leg/arm",
        "(?:slightly|a little|a bit|somewhat|softly|barely) (?:bent|flexed)|soft",
        within(bend, 130, 167),
    ),
    _trait(
        "knee/elbow/leg/arm",
        "(?:half|moderately|partly|halfway) (?:bent|flexed)|(?:bent|flexed) half",
        within(bend, 95, 145),
    ),
    _trait("knee/elbow/leg/arm", "bent|flexed|bend(?:s|ing)?|folded|flex", within(bend, high=STRAIGHT_DEG)),
    _trait("hip", "bent|flexed|folded", within(bend, high=150)),
    _trait("wrist", "bent (?:inward|in|forward)|flexed", within(special_of("wrist flexion"), 25)),
    _trait("wrist", "bent (?:back|backward)|cocked|extended", within(special_of("wrist flexion"), high=-25)),
    _trait(
        "wrist/hand",
        "bent",
        any_of(within(special_of("wrist flexion"), 25), within(special_of("wrist flexion"), high=-25)),
    ),
    _trait("wrist", "straight|neutral", within(special_of("wrist flexion"), -25, 25)),
    _trait(
        "knee/elbow/leg/arm",
        "(?:straight|fully extended|extended|locked|stretched(?: out)?|outstretched|unbent)"
        "(?! (?:up|down|ahead|forward|in front|behind|back))",
        within(bend, STRAIGHT_DEG),
    ),
    _trait("hip", "straight|extended|open", within(bend, STRAIGHT_DEG)),
    # palms, wrists, feet
    _trait(
        "palm/hand",
        "(?:fac|turn|point)\\w* (?:up|upwards?|the (?:sky|ceiling)|to the (?:sky|ceiling))",
        within(special_of("palm elevation"), 45),
    ),
    _trait(
        "palm/hand",
        "(?:fac|turn)\\w* (?:down|downwards?|the floor|to the floor|towards? the floor)",
        within(special_of("palm elevation"), high=-45),
    ),
    _trait(
        "palm", "(?:fac|turn)\\w* (?:forwards?|ahead|to the front|front)", within(special_of("palm to front"), high=45)
    ),
    _trait(
        "palm",
        "(?:fac|turn)\\w* (?:backwards?|back|behind|to the (?:back|rear))",
        within(special_of("palm to front"), 135),
    ),
    _trait(
        "palm",
        "(?:fac|turn)\\w* (?:inwards?|in|each other|the (?:body|torso))",
        within(special_of("palm to middle"), high=45),
    ),
    _trait("palm", "(?:fac|turn)\\w* (?:outwards?|out|away)", within(special_of("palm to middle"), 135)),
    _trait(
        "foot/toes/leg",
        "turned (?:out|outwards?)|point\\w* (?:out|outwards?)|turnout",
        within(special_of("foot turnout", False), 25),
    ),
    _trait(
        "foot/toes/leg",
        "turned (?:in|inwards?)|point\\w* (?:in|inwards?)",
        within(special_of("foot turnout", False), high=-8),
    ),
    _trait("foot/toes/ankle", "flexed|pulled (?:up|back)", within(special_of("foot point", False), 88)),
    _trait("foot/toes", "pointed|(?:plantar )?stretched", within(special_of("foot point", False), high=50)),
    _trait(
        "foot",
        "flat",
        all_of(
            within(lambda p: height(f"{p.side} heel"), high=0.05), within(lambda p: height(f"{p.side} toes"), high=0.05)
        ),
    ),
    _trait(
        "foot",
        "(?:on )?(?:tip ?toes?|ball)",
        all_of(
            within(lambda p: height(f"{p.side} heel"), 0.05), within(lambda p: height(f"{p.side} foot"), high=FLOOR_M)
        ),
    ),
    # pointing
    _trait(
        _LIMBS,
        "(?:point|direct|stretch|reach|extend|held|straight|angled)\\w* (?:\\w+ )?(?:up|upwards?|to the "
        "(?:sky|ceiling)|skywards?)|vertically up",
        within(limb_tilt, high=45),
    ),
    _trait(
        _LIMBS,
        "(?:point|direct|stretch|reach|extend|hang|straight|angled)\\w* (?:\\w+ )?(?:down|downwards?|to "
        "the floor|towards? the floor)",
        within(limb_tilt, 135),
    ),
    _trait(_LIMBS, "horizontal|horizontally|level|parallel (?:to|with) the floor|parallel", within(limb_tilt, 72, 108)),
    _trait(
        "torso/back",
        "vertical|vertically|upright|straight up|erect|perpendicular(?: to the floor)?",
        within(TORSO_TILT, high=20),
    ),
    _trait(
        "arm/upper arm/forearm/leg/thigh/shin",
        "vertical|vertically|upright|perpendicular(?: to the floor)?",
        any_of(within(limb_tilt, high=20), within(limb_tilt, 160)),
    ),
    # arms and hands
    _trait("arm/hand/elbow", "overhead|above (?:the )?head", within(across("above", "head"), 0.05)),
    _trait(
        "arm/hand/elbow",
        "(?:out )?to the (?:side|sides)|sideways|(?:out|spread|stretched) wide|spread(?: out)?|"
        "outstretched|out(?! in| front)",
        outward(0.3),
    ),
    _trait("leg/foot/knee", "(?:out )?to the (?:side|sides)|sideways|out(?! in| front)", outward(0.2)),
    _trait(
        "arm/hand",
        "(?:stretched|reaching|extended|held|straight|out|forwards?|in front)\\b.*\\b(?:forwards?|in "
        "front|front|ahead)|forwards?|in front|ahead",
        within(across("front", "torso"), 0.2),
    ),
    _trait("elbow", "forwards?|in front|ahead", within(across("front", "torso"), 0.12)),
    _trait("arm/hand/elbow", "behind|backwards?|back", within(across("front", "torso"), high=-0.08)),
    _trait("hand", "raised|lifted|up|elevated|in the air|held up|high", within(across("above", "{s} shoulder"), -0.03)),
    _trait("elbow", "raised|lifted|up|elevated|high", within(raise_of, 50)),
    _trait("arm/upper arm", "raised|lifted|up|elevated|in the air|held up|high|away", within(raise_of, RAISED_DEG)),
    _trait(
        "arm/upper arm/elbow",
        "(?:at|by|along|against|close to|down (?:by|at)) the sides?|down|lowered|hang\\w*|low",
        within(raise_of, high=35),
    ),
    _trait("hand", "down|lowered|hang\\w*|low|(?:at|by) the sides?", within(across("above", "{s} hip"), high=0.12)),
    # legs
    _trait("knee/thigh", "raised|lifted|up|elevated|high|pulled up", within(across("above", "{s} hip"), -0.25)),
    _trait("heel", "raised|lifted|up|off", within(lambda p: height(f"{p.side} heel"), 0.05)),
    _trait(
        _FLOORED,
        "raised|lifted|up|elevated|in the air|high|floating|kicked|off",
        lambda f, p: judged(f.skin_height(p), FLOOR_M),
    ),
    _trait(
        _FLOORED,
        "down|planted|grounded|lowered|bearing weight|supporting",
        lambda f, p: judged(f.skin_height(p), high=FLOOR_M),
    ),
    # trunk
    _trait("torso/back/chest", "rounded|hunched|curved forwards?|slouched|curled", within(BACK_CURVE, 25)),
    _trait("torso/back/chest", "arched|curved back\\w*", within(BACK_CURVE, high=-22)),
    _trait("back", "straight|flat|neutral", within(BACK_CURVE, -25, 28)),
    _trait("chest", "fac\\w* (?:up|upwards?|the (?:sky|ceiling))", within(CHEST_FACING, 40)),
    _trait("chest", "fac\\w* (?:down|downwards?|the floor)", within(CHEST_FACING, high=-40)),
    # head
    _trait(
        "head/neck",
        "same (?:way|direction)|straight|forwards?|ahead|centred|centered|neutral|facing front",
        all_of(within(HEAD_TURN, -15, 15), within(HEAD_TILT, -20, 20)),
    ),
    _trait(
        "head/neck",
        "bowed|lowered|down|downwards?|nodding|hanging|dropped|bent forwards?|tilted forwards?|tipped "
        "forwards?|on the chest",
        within(HEAD_NOD, 20),
    ),
    _trait(
        "head/neck",
        "(?:tipped|tilted|bent|thrown|leaning|dropped|turned)? ?(?:back|backwards?|upwards?|up)|raised|lifted",
        within(HEAD_NOD, high=-15),
    ),
    _trait("head", "upright|level", all_of(within(HEAD_NOD, -20, 25), within(HEAD_TILT, -20, 20))),
)

_SIDES_OF = (
    ("head/neck", r"turned|rotated|facing|looking|face|pointing|twisted", HEAD_TURN, 15.0),
    ("head/neck", r"tilted|tipped|leaning|bent|inclined|cocked|tilt", HEAD_TILT, 12.0),
    ("torso/back/shoulder/chest/hips", r"twisted|turned|rotated|twisting|rotating", TWIST, 15.0),
    ("torso/back/body/chest", r"lean\w*|tilt\w*|bent|bend\w*|inclin\w*|tipped", TORSO_LEAN, 12.0),
)
_LEANS: tuple[tuple[str, Test], ...] = (
    (r"forwards?|over", within(TORSO_PITCH, 15)),
    (r"backwards?|back", within(TORSO_PITCH, high=-12)),
    (r"sideways|to the side|to one side", any_of(within(TORSO_LEAN, 12), within(TORSO_LEAN, high=-12))),
)


def trait_test(noun: str, text: str) -> Test | None:
    """What is asked of a part in these words; None when that isn't known."""
    return _sided_test(noun, text) or _lean_test(noun, text) or _plain_test(noun, text)


def _plain_test(noun: str, text: str) -> Test | None:
    return next((trait.test for trait in _TRAITS if noun in trait.nouns and trait.words.search(text)), None)


def _sided_test(noun: str, text: str) -> Test | None:
    """Turned, tilted, leaning or twisted, to a side or to any."""
    for nouns, words, measure, least in _SIDES_OF:
        if noun not in nouns.split("/") or not re.search(rf"\b(?:{words})\b", text):
            continue
        if way := re.search(r"\bto(left|right)\b", text):
            return to_side(measure, way[1], least)
        if re.search(
            r"\b(?:turned|rotated|twisted|sideways|to (?:the|one) side|aside|tilted(?! (?:back|forward|up|down)))\b",
            text,
        ):
            return any_of(to_side(measure, "left", least), to_side(measure, "right", least))
    return None


def _lean_test(noun: str, text: str) -> Test | None:
    if noun not in ("torso", "back", "body", "chest") or not re.search(
        r"\b(?:lean|tilt|bent|bend|inclin|tipp|hing|fold|hunch)\w*", text
    ):
        return None
    for words, test in _LEANS:
        if re.search(rf"\b(?:{words})\b", text):
            return test
    return within(TORSO_TILT, 15)


PAIRED: tuple[tuple[str, float, float], ...] = (
    (r"(?:far|wide|widely|well) (?:apart|spread)|spread (?:wide|far)|wide(?!r)|widely", 0.45, inf),
    (r"shoulder[- ]width(?: apart)?|(?:about )?as wide as the shoulders", 0.22, 0.48),
    (r"hip[- ]width(?: apart)?", 0.12, 0.35),
    (r"apart|spread|separated|away from each other|straddled", 0.225, inf),
    (r"(?:close )?together|close|next to each other|side by side|joined|near each other", -inf, 0.225),
)
"""Distances of two parts of one kind: how they are asked for, at least and at most."""


def pair_test(noun: str, text: str) -> Test | None:
    """What is asked of both parts of a kind at once; the side of the part given doesn't matter."""
    point = {"leg": "foot", "arm": "hand", "palm": "hand"}.get(noun, noun)

    def first(part: str) -> tuple[str, str]:
        return f"left {part}", f"right {part}"

    if re.search(r"\b(?:same height|level|even|at one height)\b", text) and noun in (
        "hand",
        "shoulder",
        "hip",
        "knee",
        "foot",
        "elbow",
        "arm",
    ):
        return within(offset("above", *first(point)), -0.06, 0.06)
    if (
        re.search(r"\bparallel\b", text)
        and noun in ("foot", "arm", "leg", "thigh", "shin", "forearm", "upper arm")
        and "floor" not in text
    ):
        return lambda facts, part: _parallel(facts, noun)
    if re.search(r"\b(?:touch\w*|clasped|folded|joined|pressed|in contact|clapping|interlaced)\b", text) and noun in (
        "hand",
        "palm",
        "foot",
        "knee",
        "thigh",
        "shin",
        "forearm",
    ):
        return lambda facts, part: judged(facts.gap(Part(noun, "left"), Part(noun, "right")), high=0.03)
    for words, low, high in PAIRED:
        if re.search(rf"\b(?:{words})\b", text):
            return within(distance(*first(point)), low, high)
    return None


def _parallel(facts: PoseFacts, noun: str) -> Finding:
    directions = [facts.direction(Part(noun, side)) for side in ("left", "right")]
    if directions[0] is None or directions[1] is None:
        return UNKNOWN
    angle = facts.angle_between(directions[0], directions[1])
    told = f"the two {noun} directions are {round(angle)}° apart"
    return Finding(angle <= 20, (20 - angle) / 3, told, Reading(angle, "°", f"{noun}s angle"), f"{noun}s angle")


LOOKING: tuple[tuple[str, Test], ...] = (
    (r"over the (left|right) shoulder", within(HEAD_TURN, 50)),
    (r"toleft|onleft", to_side(HEAD_TURN, "left", 15)),
    (r"toright|onright", to_side(HEAD_TURN, "right", 15)),
    (r"up|upwards?|(?:at|to|towards?) the (?:sky|ceiling)|skywards?", within(GAZE, 20)),
    (r"down|downwards?|(?:at|to|towards?) the (?:floor|feet)", within(GAZE, high=-20)),
    (r"to the side|sideways|aside|away", any_of(to_side(HEAD_TURN, "left", 15), to_side(HEAD_TURN, "right", 15))),
    (
        r"(?:straight )?(?:ahead|forwards?|front)|straight|level",
        all_of(within(HEAD_TURN, -20, 20), within(GAZE, -25, 25)),
    ),
)
"""Where somebody looks: words, and whether it is so."""


def looking_test(text: str) -> Test | None:
    """What is asked about the direction of the face."""
    if not re.search(r"\b(?:look|gaz|fac|star|peer|glanc|eyes)\w*", text):
        return None
    if over := re.search(r"over (?:the )?(left|right) shoulder", text):
        return to_side(HEAD_TURN, over[1], 45)
    return next((test for words, test in LOOKING if re.search(rf"\b(?:{words})\b", text)), None)
