"""Verbs, directions and states in the words of a clause, whatever they are said of."""

import re
from dataclasses import dataclass

# What a clause may tell, by name; `@` stands for a part. A cue may come from several words.
_PATTERNS: dict[str, str] = {
    # verbs
    "raise": r"rais(?:e|ed|ing)|lift(?:ed|ing)?|elevate(?:d)?|hoist|heave|hike|put @ up|throw @ up|stick @ up",
    "lower": r"^lower|\blower(?= (?:@|it|them|her|his|their|the|down|slightly|more))|lower(?:ed|ing)|drop(?:ped|ping)?|"
             r"sink|dip|let @ (?:fall|down|sink|come down)|let (?:it|them) (?:down|fall)",
    "bend": r"bend(?:ing)?|flex(?:ed|ing)?|fold(?:ed)?|bent|curl(?:ed)?|crook|flexion|hinge",
    "straighten": r"straight(?:en|ened|ening|er)?|extend(?:ed|ing)?|stretch(?:ed|ing)?|unbend|unfold|unlock|lengthen|"
                  r"lock(?:ed)?(?: out)?|extension|open up|uncurl",
    "open": r"open(?:ed)?",
    "close": r"clos(?:e|ed)(?! to)|shut",
    "turn": r"turn(?:ed|ing)?|rotat(?:e|ed|ing|ion)|twist(?:ed|ing)?|spin|swivel|pivot|face|facing|roll|pan|about face",
    "lean": r"lean(?:ed|ing)?|tilt(?:ed|ing)?|tip(?:ped)?|inclin(?:e|ed)|bow(?:ed)?|cock(?:ed)?|bent? over|hang|nod|"
            r"slant",
    "arch": r"arch(?:ed|ing)?|bow @ back|backbend",
    "round": r"round(?:ed|ing)?(?! the)|hunch(?:ed)?|slouch|curl(?:ed)?|hollow|slump",
    "spread": r"spread(?:ing)?|flare|widen|separate|part(?:ed)?|splay|wide(?:r)?|broaden",
    "join": r"together|narrow(?:er)?|close (?:up )?the gap|bring @ in|closer|nearer|join(?:ed)?",
    "cross": r"(?<!un)cross(?:ed|ing)?(?! the body)|fold(?:ed)? (?:both )?@(?: (?:in front|across|over).*)?$",
    "uncross": r"un-?cross(?:ed)?",
    "move": r"mov(?:e|ed|ing)|bring|shift|slide|swing|push|pull|draw|take|put|set|place|get|send|kick|thrust|stick|jut|"
            r"carry|walk|drive|go|press",
    "reach": r"reach(?:ing)?|hold|stretch(?:ed)?|extend(?:ed)?|straight|point(?:s|ed|ing)?",
    "step": r"step(?:s|ping)?|lunge(?= further)|stance|stride|plant",
    "look": r"look(?:s|ing)?|glance|peer|stare|watch|gaze",
    "point": r"point(?:ed|ing)?|plantar ?flex",
    "relax": r"relax(?:ed)?|loosen|let (?:@ |it |them )?(?:just )?(?:hang|rest|dangle|go)|let @ (?:be )?loose|at rest|"
             r"hang(?:ing)? (?:loose|free|down|at)|hanging|dangle|limp|rest @",
    "reset": r"reset|neutral|default|back to (?:normal|rest|standing|neutral|the default)|as usual|normal",
    "shrug": r"shrug",
    "tuck": r"tuck(?:ed)?",
    "tiptoe": r"tiptoe|(?:ball|balls) of @|heels? up|@ off the (?:ground|floor)(?= heel)",
    "squat": r"squat|crouch|(?:lower|deeper) lunge|lunge (?:lower|deeper)|sink|duck|get (?:down )?low(?:er)?|"
        r"stay low(?:er)?|sit (?:lower|deeper|back)",
    "rise": r"^rise|\brise(?= (?:up|out|from|a))|come up|stand (?:taller|higher|up straight)|stand up(?= (?:a|"
        r"more|straight))|"
            r"straighten up|get up(?= a)|taller|stand tall",
    "swap": r"swap|exchange|switch|trade|change @|the other way (?:a)?round|vice versa",
    "mirror": r"mirror(?:ed)?|flip|left-right|reverse the sides",
    "copy": r"match(?:es)?|cop(?:y|ies)|like (?:the|her|his|their|your|@)|(?:the )?same (?:as|way as)|mimic|"
        r"symmetric(?:al)?|"
            r"as (?:the|her|his) @|identical|equal|even out",
    "touch": r"touch(?:es|ing)?|tap|grab(?:bing)?|hold on to|grasp|clasp|grip|rest(?:ing)? (?:on|against|@)|meet|"
             r"put @ (?:on|to|against|at|onto)|place @ (?:on|to|against|at|onto)|@ (?:on|onto|against|touching) @",
    # directions
    "up": r"up|upwards?|higher|too low|not (?:quite )?(?:so|that|as|too) low|skywards?|(?:toward|"
        r"towards|to|at) the (?:sky|ceiling|sun|moon|stars?|clouds?)|rise",
    "down": r"down|downwards?|lower|too high|(?:to|toward|at) the (?:floor|ground)|not (?:quite )?(?:so|that|as|"
        r"too) high",
    "forward": r"forwards?|to the front|in front(?! of)|in front of (?:her|him|them|you|it|the body|@)|ahead|"
               r"frontwards?|outstretched in front",
    "back": r"backwards?|behind(?: (?:her|him|them|you|the body))?|to the (?:back|rear)|"
        r"(?<!come )(?<!bring it )back(?! (?:to|up|down)\b)|"
            r"rearwards?",
    "out": r"outwards?|out(?! of)|sideways|to (?:the|its|their|her|his|your) sides?|away(?: from (?:the body|@|"
        r"each other))?|aside|"
           r"laterally|to either side|outside",
    "in": r"inwards?|in(?= *(?:$|toward|more|further|slightly|and|by|\d|close))|across(?: (?:the body|@))?|"
          r"toward(?:s)? the (?:body|middle|cent(?:er|re)|midline|other)|inside|medially",
    "left": r"(?:to |towards? |on )?(?:the |her |his |their |your |its )?left(?:wards?)?(?: side)?",
    "right": r"(?:to |towards? |on )?(?:the |her |his |their |your |its )?right(?:wards?)?(?: side)?(?! (?:up|"
        r"down|now|away))",
    "apart": r"apart|away from each other|further from each other|not (?:so|that) close",
    "more": r"more|further|farther|deeper|again|another|extra|additional|some more|keep going|continue|greater|bigger",
    "less": r"less|not (?:quite )?(?:so|that|as|too|quite) (?:much|bent|far|straight|deep|wide|close)|"
        r"too (?:much|far|bent|straight|deep|"
            r"wide)|not as much|"
            r"reduce|decrease|ease|fewer|smaller|back off|ease off",
    "around": r"around|round(?= *$)|180|about face|the other way|away from (?:the camera|us|me|you)",
    # states
    "overhead": r"overhead|(?:above|over|past|beyond) (?:the |her |his |their |your )?@|straight up|"
                r"(?:all|right) the way up|"
                r"over (?:her|his|their) head|vertical(?:ly)? up|as high as possible|"
                r"(?:to|at|towards?) the (?:sky|ceiling|sun|moon|stars?|clouds?)",
    "level": r"horizontal(?:ly)?|level|(?:to|at|towards?) the horizon|(?:to|at) shoulder (?:height|level)|shoulder (?"
             r":height|level|high)|"
        r"parallel (?:to|with) "
             r"the (?:floor|ground)|straight out|(?:to|at) the height of the @|t-pose|like a t|hip (?:height|"
             r"level|high)|to @ height",
    "down by": r"(?:at|by|along(?:side)?|against|down at|down by|down to) (?:the |her |his |their |your |"
        r"its )?(?:body|sides?)"
               r"(?= *$)|(?:straight|all the way|hang(?:ing)?) down|vertical(?:ly)?|down by",
    "ground": r"(?:on|onto|to|touch(?:es|ing)?) (?:the )?(?:floor|ground)|down (?:again|flat)|"
        r"put @ (?:back )?down|flat",
    "off ground": r"off (?:of )?(?:the )?(?:floor|ground)|in the air|into the air|from the (?:floor|ground)",
    "over shoulder": r"over (?:the |her |his |their |your )?@",
    "ahead": r"(?:straight )?ahead|straight forward|to the front|forwards?|at (?:the camera|us|me|you)",
    "upright": r"upright|erect|vertical|(?:stand|sit|up|back) ?(?:up )?straight|straight(?:en)? up|straight",
    "bent": r"bent",
    "too": r"too\b(?! (?:high|low|far|much|bent|straight|close|wide|deep|narrow))|also|as well|likewise|"
        r"the same(?! (?:as|way))|same "
           r"(?:with|for|on|goes|again)|do (?:it|that|so|this) (?:with|for|on)|do the same|and the other|ditto",
    # what is to stay
    "keep": r"^(?:keep|keeping|leave|leaving)\s*$|^(?:leave|leaving)(?:\s+(?:@|it|them))?\s+(?:up|raised|lifted|"
            r"out|down|straight|bent|there|extended)$|"
            r"^(?:keep(?:ing)?|leave|leaving|maintain|preserve|hold) (?:@|it|them"
            r"|the rest|everything|"
        r"all)(?:.* (?:still|alone|"
            r"unchanged|in place|where .*|as .*|the same|fixed|put|there|untouched|unmoved|like that|like this|"
            r"that way|so|bent|folded))?$|"
            r"(?:do|does|should|must) not (?:move|change|touch|alter|shift|turn|bend|lift|raise|lower|rotate|"
            r"straighten|let)|"
            r"^(?:without|not|never)\b(?! (?:so|that|as|quite|too|the other|it))|(?:stays?|"
            r"remains?)(?: @)?(?: (?:still|put|in place|"
            r"where .*|as .*|the same|fixed|unchanged))?|nothing else|everything else|"
            r"(?:the )?rest(?: of .*)? (?:stays?|as|alone|"
            r"unchanged)|unchanged|untouched|alone|other(?:wise)? the same|stay(?:s|ing)?",
}  # fmt: skip
_COMPILED = {name: re.compile(rf"(?<!\w)(?:{pattern})(?!\w)") for name, pattern in _PATTERNS.items()}
_VERBS = frozenset(
    ("raise", "lower", "bend", "straighten", "open", "close", "turn", "lean", "arch", "round", "spread", "cross",
     "uncross", "move", "reach", "step", "look", "point", "relax", "reset", "shrug", "tuck", "tiptoe", "squat", "rise",
     "swap", "mirror", "copy", "touch")
)  # fmt: skip
_BODILY = frozenset(("turn", "lean", "arch", "squat", "rise", "look", "step", "tiptoe", "shrug", "mirror", "swap"))
_FILLER = re.compile(r"^(?:@|the|her|his|their|your|its|my|both|too|also|as well|well|and|,|so|\s)*$")
_FOLLOW = frozenset(("too", "mirror", "swap"))


@dataclass(frozen=True)
class Cues:
    """What was found: the names of cues.

    Attributes:
        names: see `_PATTERNS`.
        filler_only: whether the clause has no word beside parts and articles.
    """

    names: frozenset[str]
    filler_only: bool

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def has(self, *names: str) -> bool:
        """Whether any of them was found."""
        return not self.names.isdisjoint(names)

    @property
    def any(self) -> bool:
        """Whether anything was found."""
        return bool(self.names)

    @property
    def verb(self) -> bool:
        """Whether there is a verb."""
        return not self.names.isdisjoint(_VERBS)

    @property
    def keep(self) -> bool:
        """Whether it says what is to stay."""
        return "keep" in self.names

    @property
    def follow(self) -> bool:
        """Whether it speaks of the edit before."""
        return not self.names.isdisjoint(_FOLLOW)

    @property
    def whole(self) -> bool:
        """Whether it is of the whole body."""
        return self.has("mirror", "tiptoe", "squat", "rise")

    @property
    def bodily(self) -> bool:
        """Whether its verb needs no part."""
        return not self.names.isdisjoint(_BODILY)


def read_cues(rest: str) -> Cues:
    """All cues in the words of a clause."""
    found = frozenset(name for name, pattern in _COMPILED.items() if pattern.search(rest))
    return Cues(found, bool(_FILLER.match(rest)))
