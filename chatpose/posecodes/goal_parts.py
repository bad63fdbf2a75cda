"""The parts of the body that goals speak of, as sites of the skin (`chatpose.body.sites`), and how people name them.

A loose part ("hand", "thigh", "head") is several sites: the nearest one counts.
"""

from dataclasses import dataclass
from functools import cache

_SIDES = ("left", "right")


def _around(part: str, *sides: str) -> tuple[str, ...]:
    """Sites of a long limb on the given sides, at three levels."""
    return tuple(f"{side} of {level}{part}" for level in ("", "lower ", "upper ") for side in sides)


def _both(*names: str) -> tuple[str, ...]:
    return tuple(f"{side} {name}" for side in _SIDES for name in names)


_ALL_SIDES = ("front", "outside", "inside", "back")

MIDDLE_PARTS: dict[str, tuple[str, ...]] = {
    "head": ("crown", "forehead", "back of head", *_both("temple", "ear")),
    "crown": ("crown",),
    "forehead": ("forehead",),
    "face": ("forehead", "nose", "mouth", "chin", *_both("cheek")),
    "nose": ("nose",),
    "mouth": ("mouth",),
    "chin": ("chin",),
    "back of head": ("back of head",),
    "neck": ("nape", "throat", *_both("side of neck")),
    "nape": ("nape",),
    "throat": ("throat",),
    "chest": ("chest", *_both("breast")),
    "breastbone": ("chest",),
    "back": ("upper back", "middle back", "lower back", *_both("shoulder blade")),
    "upper back": ("upper back", *_both("shoulder blade")),
    "middle back": ("middle back",),
    "lower back": ("lower back",),
    "stomach": ("stomach",),
    "belly": ("belly", "stomach"),
    "navel": ("belly",),
    "tailbone": ("tailbone",),
    "groin": ("groin",),
}
"""Parts of the midline."""

SIDED_PARTS: dict[str, tuple[str, ...]] = {
    "temple": ("temple",),
    "ear": ("ear",),
    "eye": ("eye",),
    "cheek": ("cheek",),
    "side of head": ("temple", "ear"),
    "side of neck": ("side of neck",),
    "shoulder": ("top of shoulder", "front of shoulder", "point of shoulder", "back of shoulder"),
    "front of shoulder": ("front of shoulder",),
    "back of shoulder": ("back of shoulder",),
    "shoulder blade": ("shoulder blade",),
    "breast": ("breast",),
    "armpit": ("armpit",),
    "ribs": ("ribs",),
    "waist": ("waist",),
    "side": ("ribs", "waist", "iliac crest"),
    "hip": ("iliac crest",),
    "side of hip": ("side of hip",),
    "front of hip": ("front of hip",),
    "buttock": ("buttock", "under buttock"),
    "upper arm": tuple(f"{side} of upper arm" for side in _ALL_SIDES),
    "outer upper arm": ("outside of upper arm",),
    "inner upper arm": ("inside of upper arm",),
    "back of upper arm": ("back of upper arm",),
    "front of upper arm": ("front of upper arm",),
    "elbow": ("elbow tip", "outside of elbow", "inside of elbow"),
    "inner elbow": ("inner elbow",),
    "forearm": _around("forearm", *_ALL_SIDES),
    "wrist": tuple(f"{side} of wrist" for side in _ALL_SIDES),
    "arm": (*_around("forearm", *_ALL_SIDES), *(f"{side} of upper arm" for side in _ALL_SIDES)),
    "hand": ("palm", "finger pads", "fingertips"),
    "palm": ("palm",),
    "heel of hand": ("heel of hand",),
    "fingers": ("finger pads", "fingertips"),
    "fingertips": ("fingertips",),
    "thumb": ("thumb",),
    "back of hand": ("back of hand",),
    "knuckles": ("knuckles",),
    "edge of hand": ("edge of hand",),
    "thigh": _around("thigh", *_ALL_SIDES),
    "upper thigh": tuple(f"{side} of upper thigh" for side in _ALL_SIDES),
    "lower thigh": tuple(f"{side} of lower thigh" for side in _ALL_SIDES),
    "front of thigh": _around("thigh", "front"),
    "outer thigh": _around("thigh", "outside"),
    "inner thigh": _around("thigh", "inside"),
    "back of thigh": _around("thigh", "back"),
    "upper inner thigh": ("inside of upper thigh",),
    "knee": ("front of knee", "below knee", "outside of knee", "inside of knee"),
    "kneecap": ("front of knee",),
    "outer knee": ("outside of knee",),
    "inner knee": ("inside of knee",),
    "back of knee": ("back of knee",),
    "shin": _around("shin", "front"),
    "calf": _around("shin", "back"),
    "inner shin": _around("shin", "inside"),
    "outer shin": _around("shin", "outside"),
    "lower leg": _around("shin", *_ALL_SIDES),
    "leg": (*_around("thigh", *_ALL_SIDES), *_around("shin", *_ALL_SIDES)),
    "ankle": tuple(f"{side} of ankle" for side in _ALL_SIDES),
    "outer ankle": ("outside of ankle",),
    "inner ankle": ("inside of ankle",),
    "front of ankle": ("front of ankle",),
    "back of ankle": ("back of ankle",),
    "foot": ("sole", "heel base", "heel back", "ball", "toes", "instep", "outer edge of foot", "arch"),
    "sole": ("sole",),
    "heel": ("heel base", "heel back"),
    "ball of foot": ("ball",),
    "toes": ("toes",),
    "instep": ("instep",),
    "outer edge of foot": ("outer edge of foot",),
    "inner edge of foot": ("arch",),
}
"""Parts of each side, without the side."""

_RESTS_ON: dict[str, tuple[str, ...]] = {"hip": ("iliac crest", "side of hip")}
"""Where a part rests on the floor, if elsewhere than where it is touched: hands on hips lie above the hip joint."""

_ALIASES: dict[str, tuple[str, ...]] = {
    "crown": ("top of head", "crown of head", "vertex"),
    "forehead": ("brow",),
    "mouth": ("lips",),
    "chin": ("jaw",),
    "nape": ("nape of neck", "back of neck"),
    "throat": ("front of neck",),
    "breastbone": ("sternum", "middle of chest"),
    "middle back": ("mid back",),
    "lower back": ("small of back", "low back"),
    "belly": ("abdomen", "tummy"),
    "tailbone": ("sacrum",),
    "groin": ("crotch", "pubis"),
    "cheek": ("side of face",),
    "shoulder": ("top of shoulder",),
    "breast": ("side of chest", "pectoral"),
    "side": ("flank", "side of body", "side of trunk"),
    "hip": ("iliac crest", "hip bone"),
    "buttock": ("bottom", "glute"),
    "outer upper arm": ("outside of upper arm",),
    "inner upper arm": ("inside of upper arm",),
    "elbow": ("elbow tip", "tip of elbow"),
    "inner elbow": ("crook of elbow", "crook of arm", "inside of elbow", "elbow crease"),
    "heel of hand": ("heel of palm",),
    "fingertips": ("finger tips", "tips of fingers", "fingertip"),
    "fingers": ("finger", "finger pads"),
    "edge of hand": ("outer edge of hand",),
    "knuckles": ("fist",),
    "outer thigh": ("outside of thigh", "side of thigh"),
    "inner thigh": ("inside of thigh",),
    "back of thigh": ("hamstring", "underside of thigh"),
    "upper inner thigh": ("inner upper thigh", "inside of upper thigh"),
    "kneecap": ("front of knee", "top of knee"),
    "outer knee": ("outside of knee", "side of knee"),
    "inner knee": ("inside of knee",),
    "back of knee": ("hollow of knee", "knee hollow"),
    "shin": ("front of shin",),
    "calf": ("back of shin", "back of lower leg", "back of calf"),
    "inner shin": ("inside of shin", "inner calf", "inside of calf", "inside of lower leg"),
    "outer shin": ("outside of shin", "outer calf", "outside of calf", "outside of lower leg"),
    "outer ankle": ("outside of ankle",),
    "inner ankle": ("inside of ankle",),
    "back of ankle": ("achilles tendon",),
    "sole": ("bottom of foot", "sole of foot"),
    "ball of foot": ("ball", "forefoot"),
    "toes": ("toe", "big toe", "tips of toes", "toe tips"),
    "instep": ("top of foot", "back of foot"),
    "outer edge of foot": ("outside of foot", "outer side of foot"),
    "inner edge of foot": ("arch", "inside of foot", "arch of foot"),
}
_IRREGULAR = {"foot": "feet", "calf": "calves", "toes": "toes", "fingertips": "fingertips", "fingers": "fingers",
              "ribs": "ribs", "knuckles": "knuckles", "toe": "toes", "finger": "fingers", "thigh": "thighs",
              "achilles": "achilles"}  # fmt: skip


@dataclass(frozen=True)
class Word:
    """What a name of a part means: the part, and whether the name may stand for both sides."""

    part: str
    plural: bool


@cache
def vocabulary() -> dict[str, Word]:
    """Every name without a side, in the singular and in the plural."""
    words: dict[str, Word] = {}
    for part in (*MIDDLE_PARTS, *SIDED_PARTS):
        for name in (part, *_ALIASES.get(part, ())):
            words[name] = Word(part, False)
    for part in SIDED_PARTS:
        for name in (part, *_ALIASES.get(part, ())):
            for plural in _plurals(name):
                words[plural] = Word(part, True)
    return words


def _plurals(name: str) -> set[str]:
    """All ways to write it: "backs of hands", "back of hands", "backs of hand"; "inner thighs"."""
    head, of, whole = name.partition(" of ")
    if not of:
        return {_plural(name)}
    return {f"{_plural(head)} of {whole}", f"{head} of {_plural(whole)}", f"{_plural(head)} of {_plural(whole)}"}


def _plural(name: str) -> str:
    *before, last = name.split()
    return " ".join([*before, _IRREGULAR.get(last, f"{last}s")])


@cache
def sites_of(name: str, *, on_ground: bool = False) -> tuple[str, ...]:
    """Sites of a canonical name: "left hand", "either knee", "forehead"; KeyError for another.

    Args:
        name: the part.
        on_ground: those that it rests on, not those that are touched.
    """
    if name in MIDDLE_PARTS:
        return MIDDLE_PARTS[name]
    side, _, part = name.partition(" ")
    sides = _SIDES if side == "either" else (side,)
    chosen = _RESTS_ON.get(part, SIDED_PARTS[part]) if on_ground else SIDED_PARTS[part]
    return tuple(f"{one} {site}" for one in sides for site in chosen)
