"""Limbs told by what they do, or by a side that comes later: "the bow arm, that's the left one"."""

import re

from chatpose.posecodes.definitions import OTHER
from chatpose.posecodes.instructions.facts import Facts

_THE = r"(?:the |her |his |their |your |my |that |this |its )"
_ARM_PART = r"arms?|hands?|elbows?|fists?|forearms?|wrists?|palms?"
_LEG_PART = r"legs?|foot|feet|knees?|heels?|ankles?|thighs?|shins?|toes"
_PART = rf"{_ARM_PART}|{_LEG_PART}|shoulder|hip"
_LATER = re.compile(
    rf"(?P<before>.*?\b){_THE}?(?P<role>(?:(?!(?:left|right|other|both)\b)[a-z]+[ -]){{0,2}}?)(?P<part>{_PART})\b"
    rf"(?P<between>[^;]*?)[,;( -]+(?:and |so )?(?:that is|that would be|it is|its|meaning|mean|namely|i\.?e\.?,?|whic"
    rf"h is|"
    rf"that being|being|i am talking about|talking about)(?: {_THE}?| )(?P<side>left|right)(?: (?:one|{_PART}))?\)? *"
    rf"(?P<after>[.,!].*)?$"
)
"""A part, and its side behind a comma."""
_OF = re.compile(
    rf"\b{_THE}?(?P<what>toes|heel|sole|ball|instep|top|palm|fingers|fingertips|back|thumb) (?:of|on) {_THE}?(?P<side"
    rf">left|right) "
    rf"(?P<whole>foot|hand|leg|arm)\b"
)
_ACTIVE_ARM = (
    r"sword|racket|racquet|throwing|shooting|punching|pointing|waving|thumb|hitting|serving|striking|bowling|pitching|"
    r"torch|signal|signalling|saluting|reaching|working|writing|drinking|phone|hailing|thumbing|hitchhiking|knife|"
    r"hammer|spear|foil|weapon|jab|swinging|jabbing|stretching|reached|upper|top|stretched|held up|wave|salute|punch|"
    r"gun|ball"
)
_LEADING_ARM = r"sword|foil|weapon|jab|jabbing|punching|spear|gun|lead|leading"
_DRAWN_ARM = r"string|draw|drawing|pulling|release"
_ACTIVE_LEG = r"kicking|swinging|lifted|floating|working|stepping|flying|airborne|kick|upper|top|moving"
_FIRM_LEG = r"balancing|support|base|plant|planted|pivot|bottom|grounded|landing|weight-bearing"
_ROLE = re.compile(
    rf"\b(?P<det>{_THE})(?P<role>{_ACTIVE_ARM}|bow|{_DRAWN_ARM}|{_ACTIVE_LEG}|{_FIRM_LEG})[ -](?:side )?"
    rf"(?P<part>arm|hand|elbow|fist|forearm|wrist|palm|leg|foot|knee|heel|ankle|thigh|shin|toes)\b"
)


def told_by_role(text: str, facts: Facts, notes: list[str]) -> str:
    """The text with left or right in the place of what a limb does.

    Args:
        text: evened.
        facts: of the pose.
        notes: for people; what was chosen is added.
    """
    text = _OF.sub(lambda found: f"the {found['side']} {_of_whole(found['what'], found['whole'])}", text)
    if later := _LATER.match(text):
        text = (f"{later['before']}the {later['side']} {later['part']}{later['between']}"
                f"{later['after'] or ''}")  # fmt: skip

    def named(found: re.Match[str]) -> str:
        side = _side(found["role"], found["part"], facts)
        if not side:
            return found[0]
        notes.append(f"the {found['role']} {found['part']} is the {side} one")
        return f"{found['det']}{side} {found['part']}"

    return _ROLE.sub(named, text)


def _of_whole(what: str, whole: str) -> str:
    """The part of a foot or hand as it is named elsewhere."""
    if what in ("top", "back", "thumb", "ball"):
        return whole if what != "ball" else "foot"
    return what


def _side(role: str, part: str, facts: Facts) -> str:
    """The side of a role in this pose; empty where the pose doesn't tell."""
    arm = re.fullmatch(_ARM_PART, part) is not None
    if arm and role == "bow":
        return facts.straighter("elbow") or facts.in_front("hand")
    if arm and re.fullmatch(_DRAWN_ARM, role):
        straight = facts.straighter("elbow")
        return OTHER[straight] if straight else ""
    if arm and re.fullmatch(_LEADING_ARM, role):
        return facts.in_front("hand") or facts.higher("hand") or "right"
    if arm and re.fullmatch(_ACTIVE_ARM, role):
        return facts.higher("hand") or facts.in_front("hand") or "right"
    if not arm and re.fullmatch(_ACTIVE_LEG, role):
        return facts.higher("foot") or facts.in_front("foot")
    if not arm and re.fullmatch(_FIRM_LEG, role):
        high = facts.higher("foot")
        return OTHER[high] if high else ""
    return ""
