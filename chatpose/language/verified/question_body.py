"""Claims about the whole body: postures, leaning, balance, symmetry; and what its posture is called."""

import re
from collections.abc import Callable

from chatpose.language.verified.question_facts import PoseFacts, Reading
from chatpose.language.verified.question_findings import UNKNOWN, Finding, every, judged, some
from chatpose.language.verified.question_parts import BODY, Part
from chatpose.language.verified.question_relations import compare, comparison_of
from chatpose.language.verified.question_telling import length_words, tell
from chatpose.language.verified.question_traits import trait_test
from chatpose.posecodes.check import Check
from chatpose.posecodes.grammar import Statement, parse

SYMMETRIC_MM = 35.0
EVEN_M = 0.12
"""By how much nearer to one foot the centre of mass may be where both carry it."""

_STANDING = ("standing",)
_ONE_LEG = ("standing on the left leg", "standing on the right leg")
_LUNGES = ("lunging with the left leg in front", "lunging with the right leg in front")
_SITTING = ("sitting as on a chair", "sitting on the floor", "sitting cross-legged")
_KNEELING = ("kneeling", "kneeling on the left knee", "kneeling on the right knee")
_LYING = ("lying on the back", "lying on the front", "lying on the left side", "lying on the right side")

_POSTURES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"(?:stand\w*|balanc\w*) (?:only )?on (?:the )?left (?:leg|foot)", _ONE_LEG[:1]),
    (r"(?:stand\w*|balanc\w*) (?:only )?on (?:the )?right (?:leg|foot)", _ONE_LEG[1:]),
    (r"(?:stand\w*|balanc\w*) (?:only )?on (?:one|a single|a) (?:leg|foot)|one-legged|one legged", _ONE_LEG),
    (
        r"(?:lying|lies|laying|rest\w*|reclin\w*) (?:down )?(?:flat )?on (?:the )?(?:back)|supine|fac\w* "
        r"up lying", _LYING[:1]),
    (
        r"(?:lying|lies|laying|rest\w*) (?:down )?(?:flat )?on (?:the )?(?:front|belly|stomach|chest|"
        r"face)|prone|face down", _LYING[1:2]),
    (r"(?:lying|lies|laying) (?:down )?on(?: the )?(?:left(?: side)?)", _LYING[2:3]),
    (r"(?:lying|lies|laying) (?:down )?on(?: the )?(?:right(?: side)?)", _LYING[3:]),
    (r"(?:lying|lies|laying) (?:down )?on (?:a|the|one|either) side", _LYING[2:]),
    (r"lying|lies|laying|lie|recumbent|reclining|lay", _LYING),
    (r"cross-?legged|cross legged|tailor", _SITTING[2:]),
    (r"(?:sit\w*|seated|sat) (?:down )?on the floor", _SITTING[1:]),
    (
        r"(?:sit\w*|seated|sat) (?:down )?(?:as )?(?:if )?(?:on|in) (?:a|an) (?:\w+ )?(?:chair|bench|"
        r"stool|seat)", _SITTING[:1]),
    (r"sit|sits|sitting|seated|sat", _SITTING),
    (r"(?:kneel\w*|down|rest\w*) on (?:the )?left knee", _KNEELING[1:2]),
    (r"(?:kneel\w*|down|rest\w*) on (?:the )?right knee", _KNEELING[2:]),
    (r"(?:kneel\w*|down|rest\w*) on (?:one|a single|a) knee|half[- ]kneel\w*|genuflect\w*", _KNEELING[1:]),
    (r"(?:kneel\w*|down|rest\w*) on (?:both knees|the knees|two knees)", _KNEELING[:1]),
    (r"kneel\w*", _KNEELING),
    (r"squat\w*|crouch\w*|hunker\w*", ("squatting",)),
    (r"lunge with the left (?:leg|foot|knee) (?:forwards?|in front)|lunging with the left", _LUNGES[:1]),
    (r"lunge with the right (?:leg|foot|knee) (?:forwards?|in front)|lunging with the right", _LUNGES[1:]),
    (r"lung\w*", _LUNGES),
    (r"(?:on )?all fours|hands and knees|crawl\w*", ("on all fours",)),
    (r"plank\w*|push[- ]?up|press[- ]?up", ("in a plank",)),
    (r"upside[- ]down|inverted|handstand|headstand|head down", ("upside down",)),
    (
                r"(?:bent|bend\w*) (?:over|forwards?|down)(?! (?:to|at) the (?:left|right))|stoop\w*|"
                r"bow\w*", ("bending forward", "torso: leaning forward")),
    (r"arch\w* (?:back\w*|the back)|backbend\w*", ("arching backward", "back: arched")),
    (r"(?:bent|bend\w*)(?: sideways| over)? to(?: the )?left", ("bending to the left",)),
    (r"(?:bent|bend\w*)(?: sideways| over)? to(?: the )?right", ("bending to the right",)),
    (r"(?:bent|bend\w*) (?:sideways|to (?:the|one) side)", ("bending to the left", "bending to the right")),
    (r"tip ?-?toes?|(?:on|onto) (?:the )?(?:toes|balls)", ("left foot: on tiptoe", "right foot: on tiptoe")),
    (r"stand|stands|standing|on (?:the|both|two) feet|upright on",
     (*_STANDING, *_ONE_LEG, *_LUNGES, "bending forward", "arching backward",
      "bending to the left", "bending to the right")),
    (r"reach\w* (?:up|overhead|for the sky)", ("left hand: above head", "right hand: above head")),
)  # fmt: skip
_PATTERNS = tuple((re.compile(rf"\b(?:{words})\b"), names) for words, names in _POSTURES)

BASIC = (*_ONE_LEG, *_LUNGES, "standing", "squatting", *_SITTING[2:], *_SITTING[:2], *_KNEELING, *_LYING,
         "on all fours", "in a plank", "upside down")  # fmt: skip
"""What answers "what is the posture?", the most telling first."""
BESIDES = ("bending forward", "arching backward", "bending to the left", "bending to the right", "twisting to the left",
           "twisting to the right")  # fmt: skip

Tested = Callable[[PoseFacts], Finding]


def body_test(text: str) -> Tested | None:
    """What is asked of the person as a whole; None when that isn't known."""
    if re.search(r"\bsymmetr\w*|\bmirror\w*", text):
        claim = _symmetric
        return (lambda facts: claim(facts).denied()) if re.search(r"\basymmetr\w*", text) else claim
    if re.search(
        r"\b(?:balanced|in balance|stable|well balanced|keep the balance|out of balance|off balance|"
        r"fall\w*|topple|tip over)\b",
        text,
    ):
        out = re.search(r"\b(?:out of|off) balance\b|\bfall|\btopple|\btip over", text)
        return (lambda facts: _balanced(facts).denied()) if out else _balanced
    if re.search(r"\bweight\b.*\b(?:even|evenly|equal\w*|both)\b|\bevenly balanced\b", text):
        return _even_weight
    if weight := re.search(r"\bweight (?:\w+ )?(?:on|over|onto) the (left|right) (?:leg|foot|side)\b", text):
        return lambda facts: _weight(facts, weight[1])
    for words, names in _PATTERNS:
        if words.search(text):
            return lambda facts, names=names: posture(facts, names)
    if not re.search(r"\b(?:they|it|torso|pose|this)\b", text):
        return None
    if re.search(r"\b(?:upright|erect|vertical|straight up)\b", text):
        return _on_trunk("upright")
    if re.search(r"\b(?:lean|tilt|inclin|bent|bend|tipp|hing|twist|turn|rotat|hunch|slouch|arch|round)\w*", text):
        return _on_trunk(text)
    return None


def _on_trunk(text: str) -> Tested | None:
    test = trait_test(BODY, text) or trait_test("torso", text)
    return None if test is None else lambda facts: test(facts, Part("torso"))


def posture(facts: PoseFacts, names: tuple[str, ...]) -> Finding:
    """Whether any of some postures of the grammar holds."""
    checks = facts.check([parse(name) for name in names])
    found = some([finding_of(one) for one in checks])
    held = [str(one.statement) for one in checks if one.holds]
    actual = held or postures(facts)
    told = f"the posture is: {', '.join(actual)}" if actual else "none of the postures that I know fits"
    best = max(checks, key=lambda one: -1e9 if one.margin is None else one.margin)
    if best.measured is not None and not held:
        told += f"; {tell(Reading(best.measured, best.unit, best.measure))}"
    return Finding(found.holds, found.margin, told, None, held[0] if held else names[0])


def postures(facts: PoseFacts) -> list[str]:
    """Postures that hold, the most telling first; "standing" isn't told of who stands on one leg or lunges."""
    names = (*BASIC, *BESIDES)
    held = [str(one.statement) for one in facts.check([parse(name) for name in names]) if one.holds]
    if any(name in held for name in (*_ONE_LEG, *_LUNGES)):
        held = [name for name in held if name != "standing"]
    if "sitting cross-legged" in held:
        held = [name for name in held if name != "sitting on the floor"]
    return held


def finding_of(one: Check) -> Finding:
    """A checked statement of the grammar."""
    if one.holds is None or one.measured is None or one.margin is None:
        return Finding(None, 0.0, "that can't be measured on this pose")
    reading = Reading(one.measured, one.unit, one.measure)
    return Finding(one.holds, one.margin / reading.sure, tell(reading), reading, str(one.statement))


def statements_finding(facts: PoseFacts, statements: tuple[Statement, ...]) -> Finding:
    """Statements of the grammar together."""
    return every([finding_of(one) for one in facts.check(statements)])


def _symmetric(facts: PoseFacts) -> Finding:
    off = facts.asymmetry_mm
    told = f"the pose is {round(off)} mm from its own mirror image on average"
    return Finding(
        off <= SYMMETRIC_MM, (SYMMETRIC_MM - off) / 10, told, Reading(off / 1000, "m", "asymmetry"), "asymmetry"
    )


def _weight(facts: PoseFacts, side: str) -> Finding:
    compared = comparison_of("weight")
    leg = Part("leg", side)
    return UNKNOWN if compared is None else compare(facts, compared, leg, leg.opposite())


def _even_weight(facts: PoseFacts) -> Finding:
    """Whether both feet are on the floor and the centre of mass is about as far from each."""
    down = every([judged(facts.skin_height(Part("foot", side)), high=0.08) for side in ("left", "right")])
    apart = _weight(facts, "left")
    if apart.reading is None or not down.holds:
        return down
    off = abs(apart.reading.value)
    told = f"{apart.told} by {length_words(off)}"
    return Finding(off <= EVEN_M, (EVEN_M - off) / 0.02, told, Reading(off, "m", "weight beside the middle"), "weight")


def _balanced(facts: PoseFacts) -> Finding:
    margin = facts.balance_margin
    inside = "inside" if margin >= 0 else "outside"
    told = f"the centre of mass is {abs(round(100 * margin))} cm {inside} of what the body rests on"
    return Finding(margin >= -0.02, (margin + 0.02) / 0.02, told, Reading(margin, "m", "balance margin"), "balance")
