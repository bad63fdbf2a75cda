"""What a scene tells of posture and activity: who is in bed lies, who is on a bench sits, who digs has a spade.

Words for feelings say less of a body than words for what it does and where it is, so these come first.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.model import BodyModel
from chatpose.body.skeleton import SMPL
from chatpose.language.verified.request_near import SHARPNESS, Near
from chatpose.posecodes.parsing.reading import Parsed

WRONG_POSTURE = 0.5
"""By how much less near an entry counts that is in none of the postures that a scene leaves."""
ACTIVITY = 0.15
"""By how much nearer one counts that is known for what is done in a scene."""
SURE_OF_ACTIVITY = 0.6
"""The least share of the belief that the entry has which is known for what is done."""
LOW = frozenset(("lying", "floor", "kneeling", "squatting", "fours"))
_PLACES: tuple[tuple[str, frozenset[str]], ...] = (
    (r"(asleep|sleep\w*|snor\w*) (\w+ )?in (his |her |their |the )?bed", frozenset(("lying",))),
    (r"(operating|massage|examination) (table|couch)|in (a |the |his |her )?(coffin|hospital bed)|stretcher|"
     r"out cold|unconscious|knocked out|passed out|(stark )?dead on|sunbath\w*|tanning|floating on|stargazing on|"
     r"lies|lying|lay\b|flat on (his|her|the)", frozenset(("lying",))),
    (r"in (his |her |their |the )?(bed|hammock|sleeping bag|cot|crib|bathtub)|hammock|bedtime story",
     frozenset(("lying", "floor", "seat"))),
    (r"asleep|sleeping|sleeps|snor\w*|nap\b|napping|nodded off|doz\w+",
     frozenset(("lying", "floor", "seat", "kneeling"))),
    (r"(on|from) (a|the|his|her|their|our|my) (park |church |wooden |old )?(bench|sofa|couch|chair|armchair|stool|"
     r"throne|toilet|pew|pony|horse|camel|donkey|back seat|front seat|swing|porch swing)|armchair|wheelchair|"
     r"on horseback|at (a|the|his|her|their) desk|"
     r"in (a|the|his|her) (cinema|waiting room|classroom|lecture|passenger seat|driver's seat|back seat|cockpit)|"
     r"(at|behind) the wheel|(an|the) exam\b|office chair|deck ?chair|lounger|"
     r"at the (piano|computer|dinner table|kitchen table)|"
     r"campfire",
     frozenset(("seat", "floor"))),
    (r"on (the|a|his|her|their) (floor|carpet|rug|lawn|grass|mat|picnic blanket|sand)|sandpit", LOW | {"seat"}),
    (r"\b(under|underneath|beneath) (the|a|his|her|their) (\w+ )?(table|bed|desk|car|sofa|couch|machine|sink|counter|"
     r"fence|bench|cupboard|wardrobe|bunk)", LOW),
    (r"\b(on|onto) (a|the|his|her) (cliff|podium|pedestal|catwalk|stilts|tightrope)|bus stop|in (the|a) queue|queuing|"
     r"in line\b|marching|strolls?|strolling|walks?|walking|first steps", frozenset(("standing",))),
)  # fmt: skip
_ACTIVITIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"dig|digs|digging|shovel\w*|spade", ("shovelling",)),
    (r"(carr(y|ies|ying)|holds?|holding|in) (a |the |his |her |their |my )?(\w+ )?(bride|baby|newborn|child|puppy|"
     r"bags?|boxes|crates?|firewood|logs?)\b(?! carriage)|in (her|his) arms", ("carrying-a-box", "child-on-hip")),
    (r"phones?|phoning|on the phone|(phone|video) call|calls (his|her|their) \w+|ring(s|ing) (his|her|their) \w+",
     ("phone-at-ear",)),
    (r"texts|texting|scroll\w*|smartphone", ("texting-on-a-phone",)),
    (r"types|typing|keyboard|laptop|programm\w+|coding|e-?mails?\b", ("typing-at-a-desk",)),
    (r"writes|writing|homework|exam|signs (a|the)|letter to", ("writing-at-a-desk",)),
    (r"drinks?|drinking|gulp\w*|sips?|sipping|down(s|ing) a|thirsty", ("drinking-from-a-cup",)),
    (r"eats?|eating|breakfast|porridge|noodles", ("eating-soup",)),
    (r"(calls?|calling|shouts?|shouting|screams?|yells?|waves|waving) for (\w+ )?(help|rope|rescue)|stranded|sos",
     ("hailing-taxi", "waving")),
    (r"waves|waving|goodbye|farewell", ("waving",)),
    (r"hides?|hiding|takes? cover", ("duck-and-cover", "hugging-the-knees")),
    (r"listen\w* (at|through|to the wall)|eavesdrop\w*", ("cupping-ear",)),
    (r"runs|running|chas(es|ing)|flees?|fleeing|bolts|sprints?", ("running-toe-off", "sprinting")),
    (r"sneaks?|creep\w*|prowl\w*|tiptoes", ("sneaking",)),
    (r"(up|on|climbs?) (a|the) ladder", ("climbing-ladder",)),
    (r"climber|climbs|boulder\w*", ("rock-climbing-high-step",)),
    (r"throws?|throwing|hurls?|hurling|flings?|lobs?|chucks?", ("javelin-draw", "baseball-pitch-leg-lift",
                                                             "quarterback-throw")),
    (r"sings|singing|karaoke", ("singing-into-a-microphone",)),
    (r"push(es|ing) (a|the|his|her|their) (\w+ )?(car|van|wardrobe|fridge|sofa|piano|cart|boulder)",
     ("pushing-a-heavy-object",)),
    (r"sweeps?|sweeping|broom", ("sweeping-the-floor",)),
    (r"hoover\w*|vacuum\w*", ("vacuuming",)),
    (r"saws|sawing", ("sawing-wood",)),
    (r"hammers?|hammering|nails?\b", ("hammering-a-nail",)),
    (r"axe|(chops?|chopping) (fire)?(wood|logs|trees?)|lumberjack", ("chopping-wood",)),
    (r"light ?bulb|top shelf|top of the (christmas )?tree|cupboard above|washing line|clothes ?line|"
     r"(hang|hangs|hanging)( out| up)? (the |a |her |his )?(laundry|washing|curtains?|picture|coat|painting|lamp)",
     ("reaching-for-a-high-shelf",)),
    (r"barbell|weightlift\w*", ("overhead-press",)),
    (r"out cold|unconscious|knocked out|passed out|drunk on", ("crumpled-on-the-side", "sprawled-face-down")),
    (r"operating table|massage table|stretcher|coffin|sunbath\w*|hospital bed|stargazing on",
     ("lying-flat-on-the-back", "on-the-back-hands-behind-head")),
    (r"asleep|sleeping|sleeps|snor\w*", ("on-the-side-arm-under-head", "foetal-position", "chin-on-hand")),
    (r"nodded off|doz\w+ (off )?in", ("slouching-on-a-chair", "chin-on-hand")),
    (r"canoe\w*|kayak\w*|paddl\w+ (down|a|the|up|across)", ("kayak-paddling",)),
    (r"rowing|rows (a|the|his|her)", ("rowing-catch",)),
    (r"brood\w*|sulk\w*|moping|mopes", ("sitting-elbows-on-knees", "hugging-the-knees")),
    (r"under (the|a|his|her|their) (\w+ )?(machine|sofa|couch|bed|wardrobe)", ("looking-under-the-bed",)),
    (r"picks? (up )?(a |the |some )?(flowers?|berries|mushrooms|coins?|litter|shells?)|picking (up )?(\w+ )?"
     r"(flowers?|berries|mushrooms|coins?|litter|shells?)|picks up|bends? down for", ("pick-up",)),
    (r"pram|buggy|stroller", ("pushing-a-pram",)),
    (r"weed(s|ing)|planting|flower ?bed|gardening", ("gardening-on-the-knees",)),
    (r"yawn\w*|stretch(es|ing) after a|after a long day at the (desk|computer|office)", ("yawning-and-stretching",)),
    (r"beggar|begs?|begging|pleads?|implor\w*", ("pleading",)),
    (r"deck ?chair|lounger|recliner", ("leaning-back-hands-behind-head", "slouching-on-a-chair")),
    (r"knit\w*|sew(s|ing)|embroider\w*|plays? (chess|cards)|playing (chess|cards)", ("typing-at-a-desk",)),
    (r"(chop|cut|slic|peel)\w* (the |some )?(onions?|vegetables?|carrots?|bread|potatoes)|knead\w*|washing up|"
     r"cook(s|ing)|stirs?|stirring|at the stove", ("stirring-a-pot",)),
    (r"(stands?|standing|on) guard|sentinel|on parade", ("attention", "parade-rest")),
    (r"takes? (a )?(photo|picture|photograph)s?|photograph(s|ing|er)|paparazz\w*", ("taking-a-photo",)),
    (r"tie(s|d)? (his|her|a|the) (shoe|lace)\w*|tying (his|her|a|the) (shoe|lace)\w*|shoelaces?", ("tying-a-shoe",)),
    (r"marry (me|him|her)|proposes?|diamond ring", ("proposing-on-one-knee",)),
    (r"claps?|clapping|applauds?|applause|standing ovation", ("applauding",)),
    (r"walks|walking|strolls?|strolling|first steps", ("walking-heel-strike",)),
    (r"lifts?|lifting", ("lifting-a-box",)),
    (r"scrubs?|scrubbing|mops? up", ("scrubbing-the-floor",)),
    (r"drives|driving", ("driving-a-car",)),
    (r"rides? (a |his |her |the )?(bike|bicycle)|cycles|cycling", ("riding-a-bicycle",)),
    (r"(rides?|riding|on) (a |his |her |the |my )?(horse|pony|camel|donkey)|horseback|gallop\w*", ("riding-a-horse",)),
    (r"on (a|the) bench|waiting room|in the (cinema|theatre|classroom)", ("sitting-upright",)),
)  # fmt: skip


def fitting(text: str, found: Sequence[Near], postures: Mapping[str, str], count: int) -> list[Near]:
    """Of entries that are near in words those first that are in a posture and do what the scene tells.

    Args:
        text: the request.
        found: many of them, the nearest first.
        postures: of entries, as `postures_of` has them.
        count: how many to give.
    """
    text = _BESIDE.sub(" ", text)
    allowed, known = _allowed(text), _known_for(text)
    if not allowed and not known:
        return list(found[:count])
    changed = []
    for near in found:
        more = ACTIVITY if near.entry in known else 0.0
        if allowed and postures.get(near.entry, "standing") not in allowed:
            more -= WRONG_POSTURE
        share = near.share * float(np.exp(np.clip(SHARPNESS * more, -20, 4)))
        changed.append(replace(near, score=near.score + more, share=share))
    total = sum(one.share for one in changed) or 1.0
    best = max((one.score for one in changed), default=0.0)
    first = next((entry for entry in known if not allowed or postures.get(entry, "standing") in allowed), None)
    rest = 1.0 if first is None else 1 - SURE_OF_ACTIVITY
    changed = [
        replace(one, score=max(one.score, best + 0.01), share=SURE_OF_ACTIVITY + rest * one.share / total)
        if one.entry == first
        else replace(one, share=rest * one.share / total)
        for one in changed
    ]
    return sorted(changed, key=lambda one: -one.score)[:count]


def speaks_of_exercise(text: str) -> bool:
    """Whether a text speaks of what people do on mats and bars."""
    return bool(_EXERCISE.search(text))


def less_of_exercise(found: Sequence[Near], families: Mapping[str, str]) -> list[Near]:
    """The same with entries of yoga and gymnastics farther: in everyday scenes nobody takes them."""
    changed = [_farther(one, _UNUSUAL.get(families.get(one.entry, ""), 0.0)) for one in found]
    return sorted(changed, key=lambda one: -one.score)


def _farther(near: Near, less: float) -> Near:
    return replace(near, score=near.score - less, share=near.share * float(np.exp(-SHARPNESS * less))) if less else near


_UNUSUAL = {"yoga": 0.25, "gymnastics": 0.1, "exercise": 0.08, "stretching": 0.05}
"""By how much less near entries of a family count."""
_EXERCISE = re.compile(
    r"(?i)\b(yog\w*|asanas?|gym\w*|fitness|work(s|ing)?[ -]?outs?|train(s|ing|er)?|exercis\w*|stretch\w*|"
    r"warm(s|ing)? up|acroba\w*|circus|meditat\w*|pilates|aerobics?|"
    r"coach|athlete|limber\w*|flexib\w*|supple|marathon|cool down|mat)\b"
)


def tells_activity(text: str) -> bool:
    """Whether a scene tells what is done."""
    return bool(_known_for(_BESIDE.sub(" ", text)))


_BESIDE = re.compile(r"(?i)\b(after|before|tired of|done with|instead of)\b[^,;.]*")
"""What isn't done now."""


def _allowed(text: str) -> frozenset[str]:
    """The postures that a scene leaves; all where none."""
    found: frozenset[str] = frozenset()
    for pattern, several in _PLACES:
        if re.search(rf"(?i)(?<!\w)({pattern})(?!\w)", text):
            found = (found & several or found) if found else several
    return found


def _known_for(text: str) -> tuple[str, ...]:
    several = (entries for pattern, entries in _ACTIVITIES if re.search(rf"(?i)(?<!\w)({pattern})(?!\w)", text))
    return next(several, ())


def as_in_scene(text: str, parsed: Parsed) -> Parsed:
    """Without postures that a scene excludes and that no word of posture says ("asleep in bed" is no chair)."""
    allowed = _allowed(text)
    if not allowed or _SAYS_POSTURE.search(text):
        return parsed
    kept = tuple(
        one for one in parsed.readings if all(_CLASS.get(str(said), "") in {"", *allowed} for said in one.statements)
    )
    return replace(parsed, readings=kept)


_CLASS = {"standing": "standing", "sitting as on a chair": "seat", "sitting on the floor": "floor",
          "kneeling": "kneeling", "squatting": "squatting", "on all fours": "fours"}  # fmt: skip
_SAYS_POSTURE = re.compile(
    r"(?i)\b(sit|sits|sat|sitting|seated|kneel\w*|knelt|stand|stands|stood|standing|squat\w*|fours)\b"
)


@torch.no_grad()
def postures_of(atlas: Atlas, body: BodyModel) -> dict[str, str]:
    """The coarse posture of each entry.

    One of "lying", "inverted", "floor", "seat", "kneeling", "squatting", "fours", "standing".
    """
    joints = body.kinematics(atlas.poses).positions.reshape(len(atlas), -1, 3).numpy()
    return {entry.id: _posture(joints[row]) for row, entry in enumerate(atlas)}


def _posture(joints: np.ndarray) -> str:
    at = {name: joints[row] for row, name in enumerate(SMPL.joint_names)}
    floor = float(joints[:, 1].min())
    height = {name: float(place[1]) - floor for name, place in at.items()}
    trunk = at["neck"] - at["pelvis"]
    upright = float(trunk[1] / np.linalg.norm(trunk))
    feet = max(height["left_ankle"], height["right_ankle"])
    knees = [height["left_knee"], height["right_knee"]]
    hands = max(height["left_wrist"], height["right_wrist"])
    if height["head"] < height["pelvis"] - 0.2 and feet > height["pelvis"] + 0.3:
        return "inverted"
    if abs(upright) < 0.55 and height["pelvis"] < 0.3:
        return "lying"
    if abs(upright) < 0.6 and max(knees) < 0.15 and hands < 0.3:
        return "fours"
    if height["pelvis"] < 0.22:
        return "floor"
    if min(knees) < 0.14 and height["pelvis"] < 0.7:
        return "kneeling"
    if upright > 0.45 and 0.3 < height["pelvis"] < 1.0 and _feet_before_seat(at):
        return "seat"
    return "squatting" if height["pelvis"] < 0.5 else "standing"


def _feet_before_seat(at: Mapping[str, np.ndarray]) -> bool:
    """Thighs level and side by side, and the feet before the pelvis: something is sat on."""
    thighs = [at[f"{side}_knee"] - at[f"{side}_hip"] for side in ("left", "right")]
    thighs = [one / np.linalg.norm(one) for one in thighs]
    if any(abs(float(one[1])) > 0.55 for one in thighs) or float(thighs[0] @ thighs[1]) < 0.2:
        return False
    ahead = (thighs[0] + thighs[1]) * (1, 0, 1)
    feet = (at["left_ankle"] + at["right_ankle"]) / 2 - at["pelvis"]
    return float(feet @ ahead) / float(np.linalg.norm(ahead)) > 0.2
