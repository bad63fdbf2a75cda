"""Ways to say the same: what people say in place of the plain words that the reader knows."""

import re
from collections.abc import Callable

_THE = r"(?:the |her |his |their |your |my )?"
_SOME = (
    r"(?P<some>(?:just |only )?(?:(?:a )?(?:tiny |little |wee )?(?:bit|little|touch|tad)|slightly|some|much|a lot|"
    r"way|lots) )?"
)
_PAIR = r"(?P<pair>feet|legs|knees|hands|arms|elbows|ankles|heels|toes|thighs|palms|fists)"


def _clasped(found: re.Match[str]) -> str:
    place = {"back": "lower back", "neck": "back of the neck", "head": "back of the head"}[found["where"]]
    return f"both hands on the {place}"


def _punch(found: re.Match[str]) -> str:
    return f"{found['fist'] or 'right'} arm straight forward"


def _stepped_back(found: re.Match[str]) -> str:
    front = "right" if found["side"] == "left" else "left"
    return f"do a lunge with the {front} leg forward"


_REWORDED: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (rf"^(?:put |leave |make |have |i want )?(?:with )?{_SOME}(?:a )?(?:more|extra|bigger|larger|wider|greater) (?:di"
     rf"stance|space|room|gap|"
     rf"air|daylight) between {_THE}{_PAIR}", r"\g<pair> \g<some>further apart"),
    (rf"^(?:put |leave |make |have )?(?:with )?{_SOME}(?:a )?(?:less|smaller|narrower) (?:distance|space|room|gap|air"
     rf") between {_THE}{_PAIR}",
     r"\g<pair> \g<some>closer together"),
    (rf"\b(?:increase|widen|open(?: up)?) {_THE}(?:distance|space|gap) between {_THE}{_PAIR}", r"\g<pair> further apa"
        r"rt"),
    (rf"\b(?:reduce|decrease|shrink|narrow|close) {_THE}(?:distance|space|gap) between {_THE}{_PAIR}",
     r"\g<pair> closer together"),
    (rf"\b(?:make|take) {_THE}(?:stride|steps?|stance|lunge) {_SOME}(?:shorter|smaller|narrower|tighter)\b|"
     rf"\b(?:shorten|narrow|tighten) {_THE}(?:stride|step|stance)\b|\b(?:a )?(?:shorter|smaller|narrower) (?:stride|s"
     rf"tance)\b",
     r"feet \g<some>closer together"),
    (rf"\b(?:make|take) {_THE}(?:stride|steps?|stance) {_SOME}(?:longer|bigger|wider|larger)\b|"
     rf"\b(?:lengthen|widen|broaden) {_THE}(?:stride|step|stance)\b|\b(?:a )?(?:longer|bigger|wider) (?:stride|stance"
     rf")\b",
     r"feet \g<some>further apart"),
    (rf"\b(?:drop|bring|tip|lower|take|lean|move|tilt) {_THE}(?P<ear>left|right) ear (?P<rest>.*?)(?:down )?(?:to|tow"
     rf"ards?|onto|over|closer to|"
     rf"near) {_THE}(?:\w+ )?shoulder\b", r"tilt the head \g<rest>to the \g<ear>"),
    (rf"\bear (?:to|towards?|on) {_THE}(?P<ear>left|right) shoulder\b|\b(?P<ear2>left|right) ear (?:to|towards?) "
     rf"{_THE}(?:left |right )?"
     r"shoulder\b", r"tilt the head to the \g<ear>\g<ear2>"),
    (rf"^(?:get|come|stand|rise|jump|go|climb)(?: back)?(?: up)? (?:on|onto|to) (?:both )?{_THE}feet\b(?: again)?",
     "stand up"),
    (r"\b(?P<verb>bow|bend|lean|fold|hinge)(?P<way>(?: over| forwards?| down)*) (?:at|from|in) "
     rf"{_THE}(?:hips?|waist)(?: joints?)?,? (?:with|keeping) (?:a |the |your |her |his |their )?(?:flat|straight|lon"
     rf"g|neutral) (?:back|spine)\b",
     r"\g<verb>\g<way> forward at the waist hinging"),
    (rf"\b(?P<verb>bow)(?P<way>(?: over| forwards?| down)*) (?:at|from|in) {_THE}(?:hips?|waist)\b",
     r"\g<verb>\g<way> forward at the waist"),
    (rf"^bow {_THE}head\b", "lower the head"),
    (rf"\b(?:hands|palms|arms)?(?: pressed)?(?: together)?(?: into| in| to| down to| at)? ?(?:a |the )?(?:prayer|nama"
     rf"ste|anjali)"
     rf"(?: mudra| position| pose)?(?: at {_THE}(?:heart|chest)| (?:cent(?:er|re)))*\b",
     " palms together in front of the chest"),
    (rf"\b(?P<turn>turn|point|bring|set|make|get|rotate|have|line up)?\b ?(?:both )?{_THE}feet (?:so (?:they are|that"
     rf" they are) )?(?:parallel|"
     r"straight(?: ahead| forwards?)?)\b(?: to each other)?(?:,? (?:and )?(?:the )?toes (?:pointing |facing )?"
     r"(?:straight )?(?:ahead|forwards?))?", "feet parallel"),
    (rf"\b(?:point|turn|aim|bring) (?:both )?{_THE}(?:toes|feet) (?:back )?(?:straight )?(?:ahead|forwards?|to the fr"
     rf"ont)\b", "feet parallel"),
    (r"^(?:both )?(?:the )?toes (?:pointing |facing )?(?:straight )?(?:ahead|forwards?)$", "feet parallel"),
    (r"\bdeep squat\b|\bsquat (?:all the way |right )?down (?:deeply|deep|low|fully)\b|\bsquat (?:all the way|right)"
     r" down\b|"
     r"\bdrop (?:down )?into a (?:deep |full |low )?squat\b|\bsquat (?:deep|deeply|low|all the way)\b", "squat down"),
    (r"\b(?:rise|rise up|get|go|come|stand|lift|up|raise yourself|push up)(?: up)? (?:on|onto|to) (?:the |your |her |"
     r"his |their )?"
     r"(?:balls? of (?:the |your |her |his |their )?(?:foot|feet)|toes|tip-? ?toes?)\b", "stand tiptoe"),
    (rf"\b(?:stretch|extend|straighten)(?: out)? {_THE}(?P<which>(?:left |right |both |other |\w+ )?)(?P<limb>arms?|l"
     rf"egs?|knees?|elbows?)"
     r"(?: all the way)? out(?= *(?:$|[.,;!]))", r"straighten the \g<which>\g<limb>"),
    (r"\b(?P<reach>stretch|extend|straighten|reach|hold|put|stick|point)(?P<limb>(?: (?!and\b)\w+){1,3}) out "
     r"(?=in front|forwards?|ahead|to the|behind|sideways|straight)", r"\g<reach>\g<limb> "),
    (r"\b(?P<left>left|right) (?:index |middle |ring |little |pointer |pointing )?finger(?:tips?)?\b",
     r"\g<left> hand"),
    (r"\b(?:index|middle|ring|little|pointer) fingers?\b", "hand"),
    (r"\bplace\b", "put"),
    (rf"\b(?:hand|arm) (?:up )?(?:to|at) {_THE}(?:forehead|brow|temple) (?:like|as) (?:in |for )?a salute\b|^salute$",
     "salute"),
    (rf"\bkick {_THE}(?P<which>left |right |other )?(?:leg|foot)\b", r"kick the \g<which>leg"),
    (rf"\bdig {_THE}chin\b", "tuck the chin"),
    (r"\bhead (?:back )?to neutral\b", "head straight ahead"),
    (r"\bplumb\b", "vertical"),
    (r"\b(?:to|so (?:that )?(?:it|they)(?: is| are)?) fac(?:e|es|ing) (?=forwards?|front|back|up|down|in\b|out|the (?"
     r":ceiling|floor|front|"
     r"back|ground|sky)|ahead)", "facing "),
    (r"\belbow(?P<s>s?) out (?:to|at|towards) (?:the |her |his |their |your |its )?sides?\b",
     r"elbow\g<s> out sideways"),
    (rf"\b(?P<leg>(?:left|right) leg\b[^.;,]*?),? and (?:rest|put|set|keep|place|plant) {_THE}heel (?:down )?on "
     rf"the floor\b",
     r"\g<leg> heel on the floor"),
    (rf"\b(?:raise|lift|bring|put|stretch|reach|swing) {_THE}(?:both )?(?:arms|hands)(?: up)?(?: overhead)? (?:u"
     rf"ntil|till|so "
     rf"(?:that )?) ?{_THE}(?:hands|palms|fingers|fingertips|they) (?:touch|meet|are together|come together|join"
     rf")(?: each other| one "
     rf"another)? (?:above|over) {_THE}head\b", "palms together above the head"),
    (rf"^lay (?={_THE}(?:left |right |both )?(?:hands?|palms?|foot|feet)\b)", "put "),
    (rf"\bhand(?P<s>s?) (?:on|onto|on top of) {_THE}(?:own )?head\b", r"hand\g<s> on the crown"),
    (rf"\b(?P<verb>bend|lean|fold|hinge|bow|tip)(?P<way>(?: over| forwards?| down)*),?(?: and| but)? keep(?:ing"
     rf")? {_THE}(?:back|spine|"
     r"trunk) (?:straight|flat|long|neutral)\b", r"\g<verb>\g<way> forward hinging"),
    (rf"\b(?P<verb>bend|lean|fold|hinge|bow)(?: over| forwards?| down)* (?:until|till|so (?:that )?) ?{_THE}(?:b"
     rf"ack|torso|trunk|upper "
     r"body) is (?:level|horizontal|flat|parallel (?:to|with) the (?:floor|ground))\b", r"\g<verb> forward to 88"
         r" degrees hinging"),
    (rf"\bbend {_THE}(?P<side>left|right) knee(?:,? and| until| till| so(?: that)?)? {_THE}(?:left |right )?(?:h"
     rf"eel|foot) "
     r"(?:comes|goes|lifts|is|rises|moves)(?: up)? (?:behind|back)(?: \w+)?\b", r"\g<side> knee to 85 degrees"),
    (rf"\bbend {_THE}(?P<side>left|right) knee,? and (?:lift|raise|bring|take|pull) {_THE}(?:left |right )?(?:he"
     rf"el|foot) (?:up )?"
     r"(?:behind|back)(?: \w+)?(?=\W*$)", r"\g<side> knee to 85 degrees"),
    (rf"\b(?:straighten|extend|stretch) (?:both )?{_THE}(?:legs|knees)(?: back)? (?:in)?to a (?:high )?plank\b",
     "get into a plank"),
    (rf"^step {_THE}(?P<side>left|right) (?:foot|leg) (?:forwards?|ahead|out in front)? ?(?:in)?to a (?:deep |lo"
     rf"w |high |long )?lunge\b",
     r"do a lunge with the \g<side> leg forward"),
    (rf"^step {_THE}(?P<side>left|right) (?:foot|leg) (?:back|backwards|behind you) (?:in)?to a (?:deep |low |hi"
     rf"gh |long )?lunge\b",
     _stepped_back),
    (r"^reach (?:up )?(?:for|to|towards?) the (?:sky|ceiling|stars?|sun|clouds?)(?: with (?:both (?:arms|hands)|"
     r"your arms))?(?=\W|$)",
     "raise both arms straight up"),
    (rf"\b(?:hold|clutch|grab|cradle) {_THE}head (?:with|in|between) (?:both )?{_THE}hands\b",
     "both hands on the sides of the head"),
    (r",\s*(?=(?:too|as well|also)\W*$)", " "),
    (rf"\b(?P<verb>turn|rotate|spin|pivot|swivel) {_THE}(?:whole|entire|full) body\b", r"\g<verb>"),
    (rf"\bturn {_THE}(?:head|face) (?:to|and) look\b", "look"),
    (r"\b(?P<side>left|right) foot's toes\b", r"\g<side> toes"),
    (rf"\b(?:on|onto|to) {_THE}hands and knees\b", "on all fours"),
    (r"\b(?:drop|lower) (?:the |your |her |his |their )?guard\b", "both arms down by the sides"),
    (rf"\b(?P<hand>left hand|right hand|hand|palm|fist) (?:over|on|to|against) {_THE}heart\b", r"\g<hand> on the"
        r" left breast"),
    (r"^(?:throw |do )?(?:a )?(?:punch|jab|strike|hit)(?:es|ing)?(?: (?:straight|forwards?|ahead|out))*(?: with (?:th"
     r"e |your |her |his )?"
     r"(?P<fist>left|right)(?: arm| hand| fist)?)?(?: (?:straight|forwards?|ahead|out))*$", _punch),
    (r"\b(?:arms?|hands?) akimbo\b", "hands on hips"),
    (r"\b(?:shield|shade) (?:the |your |her |his |their )?(?:gaze|face)\b(?: from \w+(?: \w+)?)?(?: with (?:the |your"
     r" |her |his |one )?"
     r"(?P<shade>left |right )?hand)?", r"\g<shade>hand on the forehead"),
    (r"\b(?:cover|hide) (?:the |your |her |his |their )?(?:gaze|face)\b(?: with (?P<cover>both |the left |the right |"
     r"your left |your right |"
     r"the |your |one )?(?P<hands>hands?))?", r"\g<cover>\g<hands> on the forehead"),
    (r"\b(?:clasp|clasped|interlace|fold|hold|lock|join) (?:the |your |her |his |their |both )*(?:hands|fingers)(?: t"
     r"ogether)? behind "
     r"(?:the |your |her |his |their )?(?P<where>back|head|neck)\b", _clasped),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), new) for pattern, new in _REWORDED)


def reworded(text: str) -> str:
    """An evened text in plainer words."""
    for pattern, new in _COMPILED:
        text = pattern.sub(new, text)
    return " ".join(text.split())
