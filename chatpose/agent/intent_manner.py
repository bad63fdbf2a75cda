"""Words about the conversation itself: names for poses, moods, praise, anger, what geometry doesn't tell."""

import re

from chatpose.agent import intent_tables as known

_REF = (
    r"(?:it|this|that|him|her|them|these|those|(?:this|that|the) (?:one|pose|figure|guy|man|woman|character|last one|"
    r"last pose|result)|(?:the )?(?:pose|number|no\.?|#|figure|result) ?#?(?:\d{1,4}|one|two|three|four|five|six)|"
    r"the (?:first|second|third|fourth|fifth|last|previous|other|original)(?: (?:one|pose|result))?|"
    r"all(?: of (?:them|it))?|both(?: of them)?)"
)
_QUOTE = r"[\"']"

RENAME = re.compile(
    rf"^(?:(?:re)?name|call|title|label|tag|save|store|keep|remember|bookmark|let'?s call)\s+(?P<ref>{_REF})?\s*,?\s*"
    rf"(?:to|as|it|:)?\s*{_QUOTE}(?P<quoted>[^\"']{{1,80}}){_QUOTE}\s*[.!]*$"
    rf"|^(?:rename|(?:change|set) the (?:name|title) of)\s+(?P<ref2>.{{1,40}}?)\s+(?:to|as|"
    rf"into)\s+(?P<name2>.{{1,80}}?)"
    rf"\s*[.!]*$"
    rf"|^(?:(?:re)?name|call|title|label|let'?s call)\s+(?P<ref3>{_REF})\s+(?:to |as )?"
    rf"(?!(?:pose|position|posture|asana|one|exercise|please|again|for|in|by|from|now|correctly|up|off|back|out|a day|"
    rf"what|if|and|here|on|is|was|called)\b)(?P<name3>\w[\w' -]{{0,60}}?)\s*[.!]*$"
    rf"|^(?:remember|bookmark|keep|save|store)\s+(?P<ref4>{_REF})\s+(?:as|under|by)(?: the name)?\s+(?:my |the |a )?"
    rf"(?!(?:it|she|he|they|is|an?)\b)(?P<name4>\w[\w' -]{{0,60}}?)\s*[.!]*$",
    re.IGNORECASE,
)
"""Such as "name it 'guard'", "rename pose 2 to slash", "call this one the thinker"."""
KEEP = re.compile(
    r"^(?:keep|leave|hold on to|hang on to|remember)\s+(?:it|this|that|them|him|her|(?:this|that|the) (?:one|pose))"
    r"(?: (?:as (?:it|she|he) is|like (?:this|that)|for (?:now|later)|in mind|please|then))*\s*[.!]*$",
    re.IGNORECASE,
)
REMOVE = re.compile(
    rf"^(?:delete|remove|discard|drop|erase|throw (?:away|out)|get rid of|dump|lose|scrap|forget(?: about)?)\s+"
    rf"(?P<ref>(?!it\b|that\b|this\b|her\b|him\b){_REF}|(?:it|this|that|her|him)(?= (?:one|pose))(?: (?:one|"
    rf"pose)))\s*[.!]*$"
    rf"|^(?:delete|discard|get rid of|throw away|erase|scrap) (?P<it>it|this|that)\s*[.!]*$",
    re.IGNORECASE,
)
SHOW_ALL = re.compile(
    r"^(?:(?:show|display|see|view|give|let me see|let'?s see|put up|list|describe)(?: me| us)? )"
    r"(?P<ref>both(?: of them| poses| of these)?|all(?: of them| of these| three| four| five)?|them(?: both| all)?|"
    r"these(?: two)?|those(?: two)?|the two(?: of them)?)"
    r"(?: (?:together|side by side|next to each other|again|at once|at the same time|now|please))*\s*[.!?]*$",
    re.IGNORECASE,
)
BARE_NUMBERS = re.compile(
    r"(?<![\w.])(?:no\.? ?|nr\.? ?|number |#)?(?P<first>\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten)\s*"
    r"(?:and|with|to|vs\.?|versus|or|&|,)\s*(?:no\.? ?|nr\.? ?|number |#)?"
    r"(?P<second>\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten)(?![\w.%°]| (?:degrees?|cm))",
    re.IGNORECASE,
)
"""Two poses by their numbers alone: "the difference between 1 and 3"."""
AMOUNT = re.compile(
    r"^(?P<way>increase|raise|decrease|reduce|lower|bend|flex|straighten|open|close|change)\s+(?:it|that|this|the "
    r"angle)"
    r"(?: (?:a bit )?(?:more|less|further))?\s+by\s+(?P<amount>\d{1,3}(?:\.\d+)?\s*(?:°|degrees?|deg|cm))\s*[.!]*$",
    re.IGNORECASE,
)
"""A change of what was asked about before: "increase it by 10 degrees"."""
WHAT_IS_THIS = re.compile(r"^what(?:'s| is) (?:this|that|it)[\s?!.]*$", re.IGNORECASE)
OTHER_ONE = re.compile(
    r"^(?:(?:no|nope|sorry|i meant?|and|on|at|the|what about|how about)\b[\s,]*)*(?:other|left|right)(?: (?:one|side|"
    r"arm|leg|"
    r"hand|foot|knee|elbow|hip|shoulder|ankle|wrist))?[\s.!?]*$",
    re.IGNORECASE,
)
CORRECTED = re.compile(r"^(?:(?:no|nope|sorry|and|i meant?)\b[\s,]*)+(?=\w)", re.IGNORECASE)
FOLLOW_UP = re.compile(
    r"^(?:(?:a|just a) (?:bit|little|tad|touch)(?: (?:more|less|further))?|(?:even|much|a lot|slightly) "
    r"(?:more|less|further)|less|further|(?:that'?s|that is|this is|it'?s)? ?(?:way |far |a bit |a little )?too "
    r"(?:much|little|far)|not (?:so|that|as) (?:much|far)|not enough|half of that)"
    r"\s*[.!]*$",
    re.IGNORECASE,
)
"""Words that go on with a change; without one they mean nothing."""
MOODS: tuple[tuple[str, str], ...] = (
    (r"happ(?:y|ier)|cheer\w*|joy\w*|glad|friendl(?:y|ier)|excited|cute", "lift the chin and raise both arms"),
    (r"sad(?:der)?|depressed|miserable|melanchol\w+|lonel(?:y|ier)", "look down and round the back"),
    (r"angr(?:y|ier)|aggressive|mad(?:der)?|furious|evil|threatening|mean(?:er)?", "lean forward and bend both elbows"),
    (r"tired|exhausted|sleep(?:y|ier)|bored|lazy|lazier|weak(?:er)?", "round the back and let both arms hang"),
    (r"confident|proud(?:er)?|hero\w*|strong(?:er)?|powerful|brave(?:r)?|badass|sassy|epic", "put both hands on the "
    r"hips"),
    (r"scared|afraid|nervous|anxious|shy(?:er)?|timid|frightened", "lean back and cross the arms in front of the "
    r"chest"),
    (r"relax\w*|calm(?:er)?|casual|natural|realistic|loose(?:r)?", "let both arms hang and bend the knees a little"),
    (r"dramatic|dynamic|expressive|energetic|action|interesting|cool(?:er)?|fun(?:ny|nier)?|exciting|crazier|crazy|"
     r"alive|lively|livelier", "lean forward, step wider and raise the left arm"),
    (r"elegant|graceful|beautiful|pretty|prettier|sexy|sexier|feminine|masculine|nicer|better|good|perfect|right|"
    r"correct",
     "straighten the back and lower the shoulders"),
)  # fmt: skip
"""Words for moods and looks, and a change that a body can make towards each."""
MOOD = re.compile(rf"\b(?:{'|'.join(words for words, _ in MOODS)})\b", re.IGNORECASE)
SHAPE = re.compile(
    r"^(?:make|have|turn) (?:him|her|them|the (?:man|woman|person|figure|body|guy|girl|character|model))(?: (?:look|"
    r"a bit|"
    r"a little|much|into an?|an?))* (?:taller|shorter|thin(?:ner)?|fat(?:ter)?|slim(?:mer)?|skinn(?:y|ier)|heav(?:y|"
    r"ier)|"
    r"(?:more )?muscular|old(?:er)?|young(?:er)?|blonde?|bald|naked|dressed|pregnant|woman|man|child|kid|girl|boy)\b"
    r"|^(?:how (?:tall|old|heavy)|what (?:gender|sex|age|race|height|weight)|how much does (?:he|she|it|they) weigh|"
    r"is (?:it|this|that|he|she) (?:a |the )?(?:man|woman|male|female|boy|girl|child)|what (?:is|are|'s) (?:he|she|"
    r"they|"
    r"it) wearing|what (?:does|do) (?:he|she|they) wear)\b.*$"
    r"|^(?:give|put|add|dress)(?: (?:him|her|them|it))?(?: on| in)? (?:an? |some )?(?:\w+ )?(?:clothes|hat|dress|shirt|"
    r"shoes|trousers|hair|beard|glasses|sword|gun|weapon|costume|armou?r|background|texture|colou?r)\b.*$",
    re.IGNORECASE,
)
"""Build, age, clothes, things: what isn't a pose."""
BEYOND = re.compile(
    r"\b(?:good for|bad for|benefits?|muscles?|health(?:y|ier)?|unhealthy|dangerous|safer?|safest|hurts?|pain\w*|"
    r"injur\w+|"
    r"hard(?:er|est)|eas(?:y|ier|iest)|difficult|calories|beginners?|recommend\w*|how long should|how often|prettier|"
    r"pretty|nicest|nicer|beautiful|ugly|looks? (?:good|natural|realistic|better|best|ok|right)|better\W*$|which one "
    r"do you like|"
    r"do you like|your favou?rite|stretche?s?$|does this stretch)\b",
    re.IGNORECASE,
)
"""What is asked about poses that their geometry doesn't tell."""
WHO = re.compile(
    r"^(?:(?:so )?(?:are|r) (?:you|u) (?:an? |some |really )*(?:ai|bot|robot|human|real|machine|person|chatgpt|gpt|llm|"
    r"program|alive|computer|language model|woman|man)\b.*|who (?:made|built|wrote|created|trained) (?:you|this|"
    r"chatpose)\b.*|"
    r"what(?:'s| is) your name|do you (?:understand|hear|see) me|(?:do|can) you speak \w+|are you listening)[\s?.!]*$",
    re.IGNORECASE,
)
_RUDE = (
    r"(?:idiot\w*|stupid|dumb\w*|moron\w*|useless|crap|garbage|rubbish|trash|terrible|horrible|awful|shit\w*|bullshit|"
    r"bloody|damn\w*|wtf|fuck\w*|suck\w*|lame|ugly|nonsense|ridiculous|worst|hate|bad bot|loser|a joke)"
)
RUDE = re.compile(
    rf"^(?:(?:this|that|it|you|u|your\w*|chatpose|what|why|i|are you|such|god|oh)\b[\w', ]{{0,30}}?\b)?{_RUDE}\b"
    rf"(?:\W+(?:you|this|that|bot|thing|program|app|machine|idiot|it|pose|result|answer|at (?:this|all)|is|a|piece|of|"
    rf"{_RUDE}))*[\s.!?]*$"
    rf"|^(?:shut up|go away|screw you|get lost|f\*+\w*|stfu)\b.*$",
    re.IGNORECASE,
)
"""Anger at chatpose, and nothing about a body in it."""
NOT_SO = re.compile(
    r"^(?:no|nope|nah|wrong|not quite|not really|(?:no,? )?(?:that'?s|that is|this is|it'?s|it is) (?:wrong|not "
    r"(?:it|right|"
    r"correct|good|what i (?:meant|mean|want|wanted|asked(?: for)?|said)))|not what i (?:meant|mean|want|wanted|"
    r"asked(?: for)?|"
    r"said)|i don'?t like (?:it|this|that)|that'?s bad|(?:that|this|it)(?:'s| is) (?:not|no) (?:an? |the )?\w+(?: "
    r"\w+)?|bad|you misunderstood(?: me)?|(?:no,? )?wrong one)[\s.!]*$",
    re.IGNORECASE,
)
ENOUGH = re.compile(
    r"^(?:(?:that'?s|that is|this is) (?:enough|far enough|plenty|sufficient)|enough|stop (?:there|here)|leave it(?: "
    r"there)?)"
    r"(?: now)?[\s.!]*$",
    re.IGNORECASE,
)
SOMETHING_ELSE = re.compile(
    r"^(?:something|anything|one|a pose)(?: that(?:'s| is))? (?:(?:much |a bit |a little )?\w+er|(?:more|less) "
    r"\w+)$",
    re.IGNORECASE,
)
"""A wish for another pose that only says how it compares: "something easier"."""
YES = re.compile(
    r"^(?:yes|yeah|yep|yup|sure|ok(?:ay)?|please do|do it|do that|go ahead|why not|of course|please|yes please|"
    r"sounds good|"
    r"make it|make one|show me(?: one)?)(?:[\s,.!]+(?:please|do|make it|make one|show me(?: one)?|go ahead))*[\s.!]*$",
    re.IGNORECASE,
)
PRAISE = re.compile(
    r"^(?:(?:wow|whoa|ooh?|haha\w*|lol|amazing|fantastic|beautiful|love(?:ly)?(?: it| this| that)?|i love (?:it|this|"
    r"that)|"
    r"neat|sweet|impressive|yay|yess+|bravo|nice(?: one| job| work)?|great(?: job| work)?|that works|works for me|"
    r"good enough|(?:this|that|it)(?:'s| is) (?:amazing|awesome|fantastic|beautiful|lovely|so good|really good|very "
    r"good|"
    r"really nice|very nice|so cool|cool|exactly (?:it|right|what i (?:wanted|meant|want))|better|much better)|much "
    r"better|"
    r"exactly|spot on|you(?:'re| are) (?:the best|great|awesome|amazing)|thanks?(?: you)?|thx|ty|cheers|bro|dude|man|"
    r"mate|buddy|"
    r"so much|a lot|very|a bunch|again|guys?|friend|thank u|tysm|tyvm)[\s,.!]*)+$",
    re.IGNORECASE,
)
NEARER_TO = re.compile(
    r"\b(?:near(?:er|est)|clos(?:er|est)|more (?:like|similar)|most (?:like|similar)|resembles?|looks? (?:more|most) "
    r"like|"
    r"better (?:fits?|matches))\b",
    re.IGNORECASE,
)
"""Which of several is nearer to a pose of some name."""
GO_TO = re.compile(
    r"^(?:go back to|back to|return to|show(?: me)?|use|take|open|switch(?: back)? to|load|bring (?:back|up)|select|"
    r"choose|"
    r"pick|get|now|let me see)\s+(?P<name>.{1,80}?)(?: (?:again|please|now|then))*\s*[.!?]*$",
    re.IGNORECASE,
)
ALSO_ANGLE = re.compile(
    r"^(?P<lead>what(?:'s| is| are)? (?:the )?(?:\w+ )?angles? (?:of|at|in) )(?P<first>(?:the |her |his |their )?"
    r"(?:left|right) \w+) and (?:of |at )?(?P<second>(?:the |her |his |their )?(?:left|right) \w+)(?P<rest>\W*)$",
    re.IGNORECASE,
)
"""Two angles in one question."""
POSES_FOR = re.compile(
    r"^(?P<list>\w[\w' -]{1,30}(?:, ?(?:and )?\w[\w' -]{1,30})*,? (?:and|&) \w[\w' -]{1,30}?)\s+(?:poses|stances|"
    r"postures|"
    r"positions)(?P<rest> (?:of|for|from|with) .{1,60})?$",
    re.IGNORECASE,
)
"""A list of poses in one request: "idle, walk and attack poses for a zombie"."""


ALWAYS_BEYOND = re.compile(
    r"\b(?:good for|bad for|benefits?|muscles?|health(?:y|ier)?|unhealthy|dangerous|safer?|safest|hurts?|pain\w*|"
    r"injur\w+)\b",
    re.IGNORECASE,
)
"""The same, also where a part of the body is named."""
INTRODUCED = re.compile(
    r"^(?:(?:i'?m|i am|we'?re|we are) (?:(?:currently |just |also )?(?:drawing|making|writing|working|building|"
    r"developing|"
    r"creating|learning|preparing|planning|teaching|studying|animating|illustrating|painting|doing research|new "
    r"(?:here|to))|"
    r"(?:an? |the )?(?:\w+ ){0,2}(?:animator|illustrator|artist|teacher|instructor|developer|dev|designer|student|"
    r"physio\w*|doctor|trainer|coach|therapist|writer|author|photographer|researcher|engineer|programmer|beginner|"
    r"newbie))"
    r"|(?:i|we) (?:teach|work|draw|animate|illustrate|study|paint|write|make (?:games|comics|films|movies|animations))"
    r"|my name is|this is for|it'?s for)\b[^.!?]*$",
    re.IGNORECASE,
)
"""What people say about themselves before they ask."""
COULD_BE = re.compile(
    r"^(?:can|could|would|should|may) (?P<rest>(?:she|he|they|it|the \w+|her|his|their) .*\b(?:\w+(?:er|ier)|more|"
    r"less|a bit|a "
    r"little)\b.*)$",
    re.IGNORECASE,
)
"""A wish as a question: "could she sit up straighter?"."""
NO_FORMAT = re.compile(
    r"\.?\b(?P<format>fbx|dae|collada|stl|ply|usd[acz]?|c3d|vrm|mp4|gif|avi|mov|svg|pdf|pkl|pickle|csv|txt|abc|"
    r"alembic|trc|"
    r"bip|x3d|3ds|max|maya|psd)\b",
    re.IGNORECASE,
)
"""Formats that people ask for and that aren't written."""


def without_introduction(text: str) -> str:
    """The rest of a message that begins with who is talking; the message where that is all."""
    clauses = re.split(r"(?<=[.!?;])\s+|,\s+(?:and |so )?|\s+and (?=(?:[iI]|[wW]e) )", text, maxsplit=3)
    kept = [clause for clause in clauses if not INTRODUCED.match(clause.strip())]
    return ", ".join(kept) if kept and len(kept) < len(clauses) else text


def mood_change(text: str) -> str:
    """A change that a body can make towards a mood in a text."""
    return next((change for words, change in MOODS if re.search(rf"\b(?:{words})\b", text, re.IGNORECASE)), "")


def is_file_word(text: str) -> bool:
    """Whether a name would be a format of files: "save it as png", or as one that isn't written: "as fbx"."""
    return known.FORMAT.search(text) is not None or NO_FORMAT.fullmatch(text.strip()) is not None


def without_rudeness(text: str) -> str:
    """The rest of a message that is angry and says something about a body, too."""
    clauses = [clause for clause in re.split(r"(?<=[.!?])\s+|,\s+|\s*;\s*", text) if clause.strip()]
    kept = [clause for clause in clauses if not (RUDE.match(clause.strip()) and not known.PART.search(clause))]
    return ", ".join(one.strip() for one in kept) if len(kept) < len(clauses) else text
