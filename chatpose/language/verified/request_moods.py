"""What states of mind and of the world do to nearly any body: who is ashamed looks down, who cheers has an arm up.

A small table, by hand. It doesn't say which pose is meant, but of poses that are near in words it prefers those that
are so, and it names one that is, in case that none of them is.
"""

import re
from dataclasses import dataclass

from chatpose.posecodes.grammar import Statement, parse


@dataclass(frozen=True)
class Mood:
    """A state.

    Attributes:
        entries: poses of the atlas that show it, the plainest first.
        expected: what nearly anyone does in it, on any side.
    """

    entries: tuple[str, ...]
    expected: tuple[Statement, ...]


_TABLE: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    (r"(above|over) (her|him|them|us|me|you|their heads?|his head|her head)$|"
     r"(right|directly|straight|high) (above|over|up)|"
     r"(fl(y|ies|ying|ew)|pass\w*|planes?|birds?|helicopters?) (\w+ )?overhead|fireworks|shooting star|"
     r"stargaz\w*|northern lights|ceiling|skyscrapers?|in the (night )?sky|"
     r"eclipse|rainbow", ("looking-up",), ("gaze elevation: 15..",)),
    (r"asham\w*|embarrass\w*|humiliat\w*|guilt\w*|remorse\w*|shame", ("sad-slump",), ("gaze elevation: ..-15",)),
    (r"\bsad\w*|depress\w*|heartbr\w*|grie[fv]\w*|mourn\w*|weep\w*|dejected|defeated|lost the (final|match|game|job)|"
     r"relegated|disappointed|miserable|lonely|homesick|crestfallen", ("sad-slump",), ("gaze elevation: ..-15",)),
    (r"gasp\w*|winded|out of breath|panting|exhaust\w*|catch(ing)? (his|her|their) breath|breathless|shattered after",
     ("exhaustion",), ("torso pitch: 20..",)),
    (r"pray\w*|chapel|church|rosary|altar|begging (god|heaven|the lord)|amen", ("kneeling-in-prayer",),
     ("hands: close together", "gaze elevation: ..-5")),
    (r"\bgoal\b|scored|we won|they won|she won|he won|champions?\b|winners?\b|jackpot|lottery|hooray|hurra\w*|"
     r"passed (the|her|his|their) (exam|test|finals)|got the job|cheer\w*|triumph\w*|overjoyed|celebrat\w*",
     ("victory-arms", "joy-jump"), ("left hand above left shoulder: 0..", "right hand above right shoulder: 0..")),
    (r"freeze|police|cop\b|cops\b|at gunpoint|robber\w*|hands where|surrender\w*|caught (red|in the)\b|stick-?up|"
     r"hostage\w*", ("hands-up",), ("left hand above left shoulder: 0..", "right hand above right shoulder: 0..")),
    (r"newborn|infant|rocking (the|her|his|a) baby|lullaby|cradl\w*|the baby to sleep", ("child-on-hip",),
     ("left elbow angle: ..130", "right elbow angle: ..130", "left hand in front of torso: 0.12..")),
    (r"wants? (\w+ ){0,2}to (carry|lift|pick)( \w+)?( up)?|pick me up|up, up|wants? to be (picked up|carried|lifted)",
     ("reaching-for-a-high-shelf", "victory-arms"),
     ("left hand above left shoulder: 0..", "right hand above right shoulder: 0..", "gaze elevation: 5..")),
    (r"(freezing|minus (\w+ )?\w+|below zero|shiver\w*|icy wind|no coat|forgot (her|his|the) coat|bitter(ly)? cold)",
     ("cold",), ("left elbow angle: ..130", "right elbow angle: ..130")),
    (r"(headache|migraine|hangover|hung ?over)", ("despair",), ("left hand: near head",)),
    (r"(tummy|stomach|belly)[ -]?aches?|food poisoning|cramps?\b|nause\w*|"
     r"(bad|sore|aching) back|back ?ache|back pain|lumbago", (), ("torso pitch: 10..",)),
    (r"blinded|dazzl\w*|sun (is |was )?(\w+ )?(in|into) (his|her|their|the|my) (eyes?|face)|glaring sun|"
     r"(low|setting|evening|midday) sun", ("shading-eyes",), ()),
    (r"terrified|scared|frighten\w*|afraid|petrified|monster|ghost", ("shrinking-in-fear",), ()),
    (r"hiding|bomb|grenade|earthquake|hailstones|ducks? (down|for cover)", ("duck-and-cover",), ()),
    (r"furious|livid|fuming|rage|enraged", ("anger",), ()),
    (r"(can't|cannot|couldn't|hardly|barely) hear|hard of hearing|speak up|eavesdrop\w*", ("cupping-ear",), ()),
    (r"deafening|ear-?splitting|too loud|blasting|jackhammer|siren", ("covering-ears",), ()),
    (r"puzzl\w*|ponder\w*|wonder(s|ing)|chess move|making up (his|her|their) mind", ("thinking",), ()),
    (r"shocked|astonish\w*|stunned|couldn't believe (his|her|their) eyes", ("surprise",), ()),
    (r"asleep|sleeping|snoring|fast asleep|dozing|napping", (), ("not: standing",)),
)  # fmt: skip


def mood_of(text: str) -> Mood | None:
    """The first state that a text speaks of; None where it speaks of none."""
    for pattern, entries, lines in _TABLE:
        if re.search(rf"(?i)(?<!\w)({pattern})", text.strip(" .!?\"'")):
            return Mood(entries, tuple(parse(line) for line in lines))
    return None
