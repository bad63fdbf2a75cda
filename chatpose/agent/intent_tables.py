"""The words by which a kind of ask is known. Each pattern is matched at the beginning of an ask in lower case."""

import re

FORMATS: dict[str, str] = {
    "npz": r"npz|smpl(?: parameters| params| file)?|numpy(?: file| array)?|amass",
    "bvh": r"bvh|motion ?capture(?: file| format)?|mocap(?: file)?",
    "glb": r"glb|gltf|gl ?tf|blender(?: file)?|3d (?:file|model|object)",
    "obj": r"obj|mesh|wavefront",
    "json": r"json",
    "png": r"png|a? ?pictures?|an? ?images?|a? ?renders?(?:ing)?|a? ?screenshots?",
}
"""What people call the formats that are written."""
_FORMAT = "|".join(FORMATS.values())
FORMAT = re.compile(rf"(?<![\w.])\.?(?P<format>{_FORMAT})(?:[- ](?:file|format|version|please))?\b", re.IGNORECASE)
_REF = (
    r"(?:it|this|that|these|those|them|her|him|all|both|the result|this one|that one|the (?:last|first|second|"
    r"third|current|new|original|previous|other)(?: one| pose)?|"
    r"(?:the |this |that |my |your )?(?:pose|figure|body|person|model|mesh)(?: \d+)?|pose \w+|number \d+|"
    r"both of them|all of them|all (?:the )?poses)"
)
_MY = r"(?:the|this|that|these|those|my|your|our|her|his|their|its)"
_BODY_PART = (
    r"(?:arms?|hands?|legs?|foot|feet|knees?|elbows?|hips?|heads?|shoulders?|ankles?|wrists?|torso|trunk|back|"
    r"chest|neck|chin|gaze|eyes|"
    r"face|fingers?|toes?|heels?|thighs?|shins?|forearms?|palms?|fists?|pelvis|waist|spine|body|upper body|belly|"
    r"bottom|limbs?)"
)
PART = re.compile(rf"\b{_BODY_PART}\b", re.IGNORECASE)

EXPORT = re.compile(
    rf"(?:(?:export|download|save|store|write|convert|render|output|dump)\b(?!.*\blibrary\b)"
    rf"|(?:give|send|get|hand|pass|let|show) (?:it |that |this |them |{_REF} )?(?:to )?(?:me |"
    rf"us )?(?:have )?(?:{_REF} |{_MY} \w+ )?(?:as|in|into) (?:an? |the )?\.?(?:{_FORMAT})\b"
    rf"|(?:give|send|get|hand) (?:me |us )?(?:an?|the) (?:{_FORMAT})(?: file)?(?: of\b.*)?\s*[.!?]*$"
    rf"|(?:may|can|could) (?:i|we) (?:have|get|download|save|export)\b.*\b(?:{_FORMAT})\b"
    rf"|(?:i|we) (?:need|want|would like|'d like)(?: to (?:have|get|download|save|export))? (?:it|this|that|them|"
    rf"the pose|an?|the)?.{{0,20}}\b(?:{_FORMAT})\b(?! (?:where|in which|with|of (?:a|some)))"
    rf"|(?:as |an? )?\.?(?:npz|bvh|glb|gltf|obj|json|png)(?: file| format| please| version| of (?:it|this|"
    rf"that))*\s*[.!?]*$"
    rf"|turn (?:it|this|that|the pose) into an? (?:{_FORMAT}))",
    re.IGNORECASE,
)
SEARCH = re.compile(
    r"(?:find|search(?: for| the| your| in|ing)?|look (?:for|through|up (?=(?:an?|some|any|poses?) ))|"
    r"(?:i'?m |i am |we'?re )?looking for (?=(?:an?|some|any|poses?) )|"
    r"browse|pull up|fetch|"
    r"retrieve|dig up"
    r"|do you (?:have|know of)|have you (?:got )?|is there (?:a|an|any)\b|are there (?:any|some)?\b|"
    r"what do you have|which (?:stored |library )?poses (?:in|of|have|from|match|are in)"
    r"|anything (?:like|in|about|similar|close)|something (?:like (?:this|it|that)|similar)|(?:some |any |more |"
    r"other |find )?(?:similar|neighbou?r(?:ing|s)?|nearest|closest|related|alike)\b(?: (?:poses?|ones?))?"
    r"|(?:show|give|get)(?: me| us)?(?: some| the| more| a few| \d+| two| three| four| five|"
    r" other)?(?: of the)? ?(?:similar|neighbou?r(?:ing|s)?|nearest|closest|related|alike|library)\b"
    r"|(?:show|give|get|find)(?: me| us)? .*\b(?:in|from|of) (?:the|your|my) (?:library|collection|database)\b"
    r"|(?:show|give|get)(?: me| us)?(?: some| more| other| a few| \d+| two| three| four| five)* ?(?:poses?|ones?|"
    r"others)? ?(?:like|"
    r"similar to|close to|near) (?:this|it|that|the (?:one|pose|photo|picture|first|second|third)|pose \d+|"
    r"these)\b(?!.*\bbut\b)"
    r"|(?:show|give|get|find)(?: me| us)? (?:something|anything|others?|ones?|some(?: others?| more)?|more|a few|"
    r"poses?)"
    r"(?: (?:else|others?|more|poses?|ones?|that (?:is|are|looks?)))* (?:similar|alike|like (?:this|it|that|these)|"
    r"close to)"
    r"|(?:what|which)(?: other| else)?(?: poses?| ones?| else)? (?:is|are|looks?|comes?|would be) (?:also |quite |"
    r"most |more )?"
    r"(?:similar|alike|close|near|nearest|closest|like (?:this|it|that|these))"
    r"|(?:any|some)(?:thing|one)? (?:else )?(?:similar|like (?:this|it|that))"
    r"|more (?:poses? )?like (?:this|it|that)|what (?:else |poses? )?(?:looks?|is|are) (?:similar to|like|"
    r"close to|near) (?:this|it|that)|what(?: pose)? (?:comes|is|are) (?:closest|nearest)"
    r"|others? like (?:this|it|that)|poses? like (?:this|it|that)|poses? similar to|who else)\b",
    re.IGNORECASE,
)
MIRROR = re.compile(
    rf"(?:(?:mirror|flip|reflect|reverse)(?: ?{_REF})?(?: the (?:whole |entire )?(?:pose|body|thing|figure)|"
    rf" left and right| everything| horizontally| it)?|(?:swap|exchange|switch|flip) (?:left and right|the sides|"
    rf"sides|left with right)"
    rf"|(?:the )?(?:same(?: thing| pose)?(?:,? but)? )?(?:mirrored|the other way (?:a)?round|on the other side|"
    rf"mirror image)|(?:show|give|make)(?: me)? (?:the |its |a )?(?:mirror image|mirrored (?:one|version|"
    rf"pose))(?: of {_REF})?|make it (?:mirrored|the mirror image))\s*(?:please)?\s*[.!?]*$",
    re.IGNORECASE,
)
COMPARE = re.compile(
    r"(?:compare\b|contrast\b|(?:what(?:'s| is| are)|show me|tell me|explain|describe) the (?:main |biggest |"
    r"big )?(?:difference|change)s?\b|differences?\b|what (?:has )?changed\b|what did (?:you|that|it) change"
    r"|how (?:do|does|did|are|is) .{0,60}\b(?:differ|different)\b|how (?:do|would|can|could|should) (?:i|you|we|"
    r"she|he|they|one) (?:get|go|move|come) (?:from|to)\b"
    r"|how to (?:get|go|move|come) (?:from|to)\b|what would .* (?:need|have) to (?:change|do|move)\b|what (?:is|"
    r"are|'s) different\b)",
    re.IGNORECASE,
)
BLEND = re.compile(
    r"(?:(?:(?:go|move|bring it) )?(?:\d{1,3} ?%|half ?way|a (?:quarter|third)) (?:of the way )?(?:towards?|to|from|"
    r"between) "
    r"(?=(?:pose|the|it|this|number|\d))|blend|mix|interpolate|average|morph|combine|cross(?:ing)? between|a (?:mix|"
    r"blend|mixture|cross)\b|"
    r"(?:something |a pose |make (?:a pose|something) |give me (?:a pose|something) |show me (?:a pose|"
    r"something) )?(?:half[- ]?way|midway|in ?between|between) (?:between )?(?:pose|the|them|these|those|both|it|"
    r"this|that|\d))",
    re.IGNORECASE,
)
GROUND = re.compile(
    rf"(?:(?:put|set|place|drop|stand|bring|move|lower) (?:it|her|him|them|this|that|{_REF}|"
    rf"the (?:whole )?(?:body|pose|person|figure)) (?:back )?(?:down )?(?:on|onto|to|down to) the (?:floor|"
    rf"ground)|ground (?:it|this|that|{_REF})|(?:make|let) (?:it|her|him|them) (?:stand|rest|"
    rf"touch) (?:on )?the (?:floor|ground))\s*(?:please|again)?\s*[.!?]*$",
    re.IGNORECASE,
)
UNDO = re.compile(
    r"(?:undo|revert|go back(?: one(?: step)?| a step)?(?! to)|back one(?: step)?|one step back|a step back|"
    r"take (?:it|that|this|the last (?:one|change|edit|step)) back|take back|cancel (?:that|it|this)|"
    r"never ?mind(?: that)?|forget (?:that|it)|put it back(?: the way it was| as it was)?|ctrl[ -+]?z|"
    r"restore(?: it| that)?|no,? (?:undo|go back|revert)|roll(?: it)? back|not like that)\b"
    r"(?! .*\b(?:arm|leg|hand|foot|knee|elbow|head)s?\b)",
    re.IGNORECASE,
)
REDO = re.compile(
    r"(?:redo|un-?undo|undo the undo|(?:bring|get|put|take) (?:it|that|this|the change) back again|forward again|"
    r"do it again after all|again after all|go forward|step forward again)\b(?! with)",
    re.IGNORECASE,
)
NAME = re.compile(
    rf"(?:what(?:'s| is| are| was)? ?(?:kind of |sort of |type of |yoga |dance |exactly |this |that |"
    rf"the )?(?:pose|poses|position|posture|asana|stance|exercise|move)s?(?: (?:is|are|was|name|does|do|"
    rf"called)\b.*)?$"
    rf"|what(?:'s| is| are| do you call)? (?:{_REF}|{_MY} (?:pose|position|posture|one|photo|picture|image|"
    rf"person))(?: (?:pose|position|called|doing|here|in english|now))*\s*[?.!]*$|what pose\b|which (?:yoga |"
    rf"dance )?(?:pose|posture|asana|exercise|position|stance) (?:is|are|does|do|was|might|could)\b"
    rf"|what(?:'s| is) {_REF}(?:'s)? name|what(?:'s| is) the name\b|name (?:it|this|that|{_REF}|the pose|"
    rf"that pose|this pose)|(?:do you )?(?:know|recogni[sz]e|identify) (?:this|that|it|the) ?(?:pose|one|"
    rf"position)?\s*[?.!]*$|how (?:is|do you call|would you call) (?:this|that|it|the)\b.*(?:called|pose)?|"
    rf"(?:does|has) (?:this|it|that|the pose) (?:have )?a name|classify|identify|guess)(?!\w)",
    re.IGNORECASE,
)
DESCRIBE = re.compile(
    rf"(?:describe|caption|tell (?:me|us) (?:more )?(?:about|what) (?:you see|{_REF}|the pose|this|it|that|"
    rf"the (?:person|photo|picture))|explain (?:{_REF}|the pose|what)|what do you see|what can you see|"
    rf"how does (?:it|this|that|she|he|the \w+|pose \d+) look\b(?! like)"
    rf"|what does (?:it|this|that|she|he|the (?:pose|person|figure|photo|result|second one|first one|last one)|"
    rf"pose \d+) look like|(?:put|say) (?:it|this|that|the pose) (?:in|into|with) words|in words\b|measure (?:it|"
    rf"this|that|the pose|everything|all)|analy[sz]e|check (?:it|this|that|the pose)|(?:give|show|"
    rf"tell) (?:me )?(?:all )?(?:the )?(?:measured |measurements|facts|details|numbers|description|angles|"
    rf"full description)"
    rf"|what(?:'s| is| are) (?:she|he|they|the (?:person|figure|woman|man|girl|boy|guy)|this person|it) doing|"
    rf"what(?:'s| is) going on|summari[sz]e|more details?|details)\b",
    re.IGNORECASE,
)
ESTIMATE = re.compile(
    r"(?:(?:look at|estimate|detect|analy[sz]e|read|use|take|process|check) (?:the |this |that |"
    r"my )?(?:people in |persons? in |poses? (?:in|from|of) |body in |person in )?(?:the |this |that |"
    r"my )?(?:photo|picture|image|pic|selfie)|(?:who|what|how many people|what pose|which pose|which poses|"
    r"what poses) (?:is|are|can you see|do you see|does) ?(?:shown |seen |visible )?(?:in|on|"
    r"the person in) (?:the |this |that |my )?(?:photo|picture|image|pic|selfie)"
    r"|(?:get|take|extract|copy|make) (?:me )?(?:the |a |his |her |their )?(?:poses?|body|bodies|person|"
    r"people) (?:out of|from|of|in|off) (?:the |this |that |my )?(?:photo|picture|image|pic|selfie)|what(?:'s|"
    r" is) (?:in|on) (?:the |this |that |my )?(?:photo|picture|image))\b",
    re.IGNORECASE,
)
CHOOSE = re.compile(
    r"(?:(?:use|take|choose|select|pick|open|load|show(?: me)?|go (?:back )?(?:to|with)|back to|return to|"
    r"switch (?:back )?to|continue with|work (?:on|with)|i(?:'ll| will) (?:take|have|use|go with)|i (?:like|"
    r"prefer|choose|want|take|meant?)|let me see|let us see|let'?s (?:take|use|see|go (?:back to|with))|"
    r"bring (?:back|up)|put|display|keep|make)? ?"
    r"(?P<ref>(?:the )?(?:pose|number|no\.?|#|result|hit|version|variant|option|candidate|match|"
    r"figure) ?#?(?:\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten)|#\d{1,4}|(?:the )?(?:first|second|"
    r"third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d{1,2}(?:st|nd|rd|th)|last|other|previous|original|top|"
    r"best)(?: (?:one|pose|result|hit|version|variant|option|match|figure|person|two|of (?:them|these|those)))*)"
    r"(?: (?:again|instead|on screen|please|now|then|for me|(?:(?:looks?|seems?|feels?|is) (?:so |very |really |"
    r"pretty |much |the |just |about )?(?:good|best|better|nice|nicer|right|great|perfect|fine|cool|ok|okay|correct|"
    r"closest|"
    r"promising|it)|works(?: best)?)(?: (?:to|for) me)?))*)\s*[.!]*$",
    re.IGNORECASE,
)
MORE = re.compile(
    r"(?:(?:make|give me|show me|do|let'?s (?:have|make)|i want|i'd like|create|generate)? ?(?:it |them |"
    r"that )?(?P<count>\d{1,2}|two|three|four|five|six|seven|eight|nine|ten|a few|several|some|another|one|"
    r"a couple(?: of)?)(?: (?:more|others?|other|further|different|new))*(?: (?:ones?|versions?|variants?|"
    r"variations?|of (?:them|those|these|it|that|this)|poses?|options?|alternatives?|times|takes?|attempts?|tries|"
    r"try))*"
    r"|(?:more|other|different|alternative|new)(?: (?:ones?|versions?|variants?|variations?|options?|poses?|"
    r"alternatives?|of (?:them|those|these|that|this)))+|more|(?:try|do (?:it|that)|make it|generate|"
    r"roll)(?: it)? (?:again|once more|anew|differently)|again|once more|something (?:else|different)|"
    r"(?:a )?different (?:one|version|take)|(?:any )?(?:other )?alternatives?|vary (?:it|this|that)|"
    r"variations?(?: of (?:it|this|that))?|re-?generate|reroll|retry)\s*(?:please|now|of (?:it|that|"
    r"this))?\s*[.!?]*$",
    re.IGNORECASE,
)
MORE_WORDS = re.compile(
    r"\b(?:more|other|others|different|another|again|alternatives?|versions?|variants?|variations?|make it|"
    r"make them|of (?:them|those|these|it)|else|vary|re-?generate|reroll|retry|times)\b",
    re.IGNORECASE,
)
GENERATE = re.compile(
    r"(?:(?:show|give|draw|make|create|generate|build|produce|render|pose|imagine|visuali[sz]e|sketch|design|"
    r"model|display|paint|get|do|try|simulate|illustrate|demonstrate|compose|craft)\b(?: me| us)?(?! (?:it|her|"
    r"him|them|the (?:left|right)|his|their|its|both|that|this)\b)"
    r"|(?:i|we)(?:'d| would)? (?:want|need|like|love|wish)(?: to (?:see|have|get))?(?! (?:it|her|him|them|"
    r"the (?:left|right)))\b|let (?:me|us) see\b|can (?:i|we) (?:see|have|get)\b|how about\b|what about\b|next:|"
    r"pose:|prompt:"
    r"|(?:what|how) (?:does|do|would|is|are)(?: you)? (?:an? |the |someone |somebody |"
    r"do(?:ing)? )?.{1,60}? (?:looks? like|done|look)\b|how (?:do|does) (?:you|one|i|someone) (?:do|perform|"
    r"strike|hold|stand|sit)\b|what(?:'s| is) an? )",
    re.IGNORECASE,
)
GENERATE_VERB = re.compile(
    r"^(?:(?:show|give|draw|make|create|generate|build|produce|render|pose|imagine|visuali[sz]e|sketch|design|"
    r"model|display|paint|get|do|try|simulate|illustrate|demonstrate|compose|craft)(?: me| us)?|(?:i|we)(?:'d|"
    r" would)? (?:want|need|like|love|wish)(?: to (?:see|have|get))?|let (?:me|us) see|can (?:i|we) (?:see|have|"
    r"get)|how about|what about|next:|pose:|prompt:"
    r"|how (?:do|does) (?:you|one|i|someone) (?:do|perform|strike|hold)|(?:what|how) (?:does|do|would)|what(?:'s|"
    r" is))\s+",
    re.IGNORECASE,
)
QUESTION = re.compile(
    r"(?:is|are|isn't|aren't|does|do|doesn't|has|(?:tell|say)(?: me| us)? (?:how|what|which|where|whether|if)|"
    r"have|was|were|can|could|will|would|should|which|what|what's|where|where's|how|how's|who|whose|why|when|"
    r"at what|in which|on which|to which|by how|in what)\b",
    re.IGNORECASE,
)
HOW_IT_LOOKS = re.compile(
    r"(?:what|how) (?:does|do|would) (?:you )?(?:an? |the |someone |somebody |do(?:ing)? )?.* "
    r"(?:looks? like|look|done)\W*$|how (?:do|does) (?:you|one|i|someone) (?:do|perform|strike|hold)\b|what(?:'s|"
    r" is) an? ",
    re.IGNORECASE,
)
THE_PHOTO = re.compile(r"\b(?:the|my|this|that) (?:photo|picture|image|selfie)\b", re.IGNORECASE)
SEVERAL = re.compile(
    r"\b(?:which (?:one|pose|figure|person|of (?:them|these|those|the))|in which (?:one|pose|of)|who (?:of|has|"
    r"is)|of (?:them|these|those|the (?:two|three|four|five|poses|results))|(?:them|these|those|they) all|"
    r"all of them|each of them|the (?:two|three|four) poses|which has)\b",
    re.IGNORECASE,
)
COUNTED = re.compile(
    r"^(?:(?P<count>\d{1,2}|two|three|four|five|six|seven|eight|nine|ten|a couple of|a few|several|"
    r"some)\s+)(?:(?:different|more|other|new|nice|random|good|distinct|varied|various)\s+)*(?P<noun>poses?|"
    r"versions?|variants?|variations?|options?|ways|takes|examples?|alternatives?|figures?|suggestions?|"
    r"ideas?)\b(?:\s+(?:of|for|with|where|in which|to|that are|:))?\s*",
    re.IGNORECASE,
)
COUNTED_AT_END = re.compile(
    r"[,;]?\s*(?:(?:in|as|give me|make|show me|,)\s+)?(?P<count>\d{1,2}|two|three|four|five|six|seven|eight|nine|"
    r"ten|a few|several)\s+(?:different |more )?(?:versions?|variants?|variations?|options?|poses|ways|takes|"
    r"times|alternatives|of (?:them|those|these))\s*[.!]*$",
    re.IGNORECASE,
)
LIKE_BUT = re.compile(
    rf"^(?:(?:the )?(?:same|like (?:this|that|it|{_REF}|the (?:last|first|second|third|previous)(?: one| pose)?)|"
    rf"(?:this|that|it)(?: one| pose)?|as (?:it is|before|is))(?: (?:again|one|pose|thing|as before|"
    rf"as this))*)\s*[,:;-]*\s*(?:but|only|except(?: that)?|just|with|and)\b(?: now| this time| then)?\s*",
    re.IGNORECASE,
)
MAKE_IT = re.compile(
    r"^(?:make|have|get|tell|bring|(?:i|we)(?:'d| would)? (?:want|need|like|prefer)) (?:it|her|him|them|the "
    r"(?:person|figure|body|man|woman|model|pose|guy|girl|"
    r"character)|this(?: one)?|that(?: one)?)\s+(?:to |be |a bit |do )?(?=\w)",
    re.IGNORECASE,
)
NOUN_PHRASE = re.compile(
    r"^(?:(?:an?|one|two)\b(?! (?:arm|leg|hand|foot|knee|elbow|bit|little|touch|tad|lot|more|whole lot|few|"
    r"smidgen|hair|notch)\b)|some(?:one|body)|any(?:one|body)|(?:the |this |an? )?(?:\w+ ){0,3}(?:person|man|"
    r"woman|guy|girl|boy|lady|dancer|figure|athlete|player|soldier|child|kid|people|human|character|monk|runner|"
    r"boxer|archer|warrior|worker|teacher|student|model|body)\b(?! (?:should|has to|must|up|down))|he|she|they|"
    r"he's|she's|they're|he is|she is|they are)\b",
    re.IGNORECASE,
)
PERSON_PHRASE = re.compile(
    r"^(?:some(?:one|body)|any(?:one|body)|he|she|they|people|(?:an?|the|two) (?:\w+ ){0,2}(?:person|man|woman|guy|"
    r"girl|boy|lady|people|figure|child|kid))\b",
    re.IGNORECASE,
)
A_POSTURE = re.compile(
    r"\b(?:standing|sitting|seated|kneeling|lying|squatting|crouching|crouched|lunging|lunge|plank|all fours)\b",
    re.IGNORECASE,
)
"""A word that says how the whole body is."""
POSTURE_PHRASE = re.compile(
    r"^(?:standing|sitting|seated|kneeling|lying|laying|squatting|crouching|crouched|lunging|jumping|running|"
    r"walking|dancing|hanging|leaning|on all fours|on (?:the |one |both |their |his |her )?(?:knees?|hands|back|"
    r"belly|side)|in an? |cross[- ]legged|upside down|legs? (?:apart|crossed)|stood|sat)\b",
    re.IGNORECASE,
)
EDIT = re.compile(
    rf"(?:raise|lift|lower|drop|bend|straighten|extend|stretch|flex|turn|rotate|twist|tilt|lean|move|bring|put|"
    rf"place|set|hold|keep|leave|point|reach|cross|uncross|open|close|spread|widen|narrow|step|kick|swing|push|"
    rf"pull|shift|slide|look|nod|bow|arch|round|curl|relax|tuck|touch|grab|rest|swap|switch|exchange|change|"
    rf"adjust|fix|correct|copy|unbend|unfold|fold|elevate|slump|slouch|shrug|squat|crouch|kneel|sit|stand|lie|lay|"
    rf"rise|hunch|tip|spin|clasp|interlace|join|separate|let|face|aim|give (?:her|him|it|them)|remove|"
    rf"no\b,? (?:the|her|his|i mean|not|wrong|that|only|left|right)|nope|wrong (?:side|arm|leg|one|hand|foot|"
    rf"knee)|not (?:that|the|this)\b|i meant?\b|don't|do not|no longer|stop|start|without|less|more|even|still|"
    rf"a (?:bit|little|touch|tad)|slightly|further|farther|higher|lower|deeper|too|not (?:so|that|as|quite)|much|"
    rf"half|another \d|other|the other|same (?:on|with|for)|the same (?:on|with|for)|(?:and )?(?:the )?(?:left|"
    rf"right|both|other)\b|make (?:{_MY}|both) |(?:one|an?) {_BODY_PART}\b|{_MY} (?:left |right |both |other "
    rf")?{_BODY_PART}|{_BODY_PART}\b|"
    rf"with |wider|closer|straighter|tighter|up a bit|down a bit|to the (?:left|right)|\d+ (?:degrees|cm)|neutral|"
    rf"reset|back to|upright|straight|take {_MY}|come (?:up|down|back)|do (?:it|that|this|so|the same) (?:with|on|for)|"
    rf"that'?s too|that is too|no {_BODY_PART})\b(?!-)",
    re.IGNORECASE,
)
CORRECTION = re.compile(
    r"(?:no|nope|not (?:that|this|the|so)|wrong|i meant?|sorry)\b[\s,:;-]*(?!(?:an?|some)\b)", re.IGNORECASE
)
ORDER = re.compile(
    r"(?:(?:he|she|they|it|this|that|the (?:man|woman|person|figure|body|guy|girl|boy|character))(?: one)? (?:should|"
    r"must|"
    r"has to|have to|needs? to|ought to|shouldn't|mustn't)\b"
    r"|(?:look|lean|turn|bend|twist|tilt|face|reach|step|move|stretch|rotate|nod|lie|kneel|sit) (?:a bit |a little |"
    r"far |"
    r"much |slightly )*(?:straight )?(?:up|down|left|right|forwards?|backwards?|back|ahead|over|sideways|"
    r"to the (?:left|right|side|front|back)|higher|lower|deeper|away)\b(?! pose))",
    re.IGNORECASE,
)
"""Words that can only be an instruction for a body that is there."""
OF_THIS = re.compile(
    r"\b(?:it|this|that|she|he|her|his|him|they|them|their|its|these|those|pose|poses|figure|one|library)\b",
    re.IGNORECASE,
)
"""Words by which a question is about what is there."""
START_OVER = re.compile(
    r"^(?:start (?:over|again|anew|from scratch|a new (?:conversation|chat|one))|new (?:conversation|chat|"
    r"session)|(?:delete|clear|remove|forget|reset|erase|wipe) (?:everything|all(?: of it| poses)?|"
    r"the (?:conversation|chat|history|screen)|it all))[\s.!]*$",
    re.IGNORECASE,
)
VIEW = re.compile(
    r"^(?:(?:show|view|look at|see|display|turn|rotate|render|give)(?: me)? (?:it|this|that|her|him|the pose|"
    r"the body|the view|the camera)?(?: ?me)? ?(?:from|around)?(?: the| a| another)? ?(?:side|back|behind|front|"
    r"top|above|below|left side|right side|camera|angle|view|different angle|another angle)(?: (?:view|angle))?|"
    r"zoom(?: in| out)?|turn the (?:camera|view)\b.*|rotate the (?:camera|view)\b.*|(?:side|back|front|top) view|"
    r"from (?:the )?(?:side|back|behind|front|top|above|below|left|right)(?: side)?)[\s.!?]*$",
    re.IGNORECASE,
)
SIDED_PART = re.compile(
    rf"(?:(?:the|her|his|their|its) )?(?:(?:left|right|both) )?{_BODY_PART}\b(?: and (?:the )?(?:(?:left|"
    rf"right) )?{_BODY_PART}\b)?",
    re.IGNORECASE,
)
EDIT_VERB = re.compile(
    r"(?:raise|lift|lower|bend|straighten|extend|stretch|flex|turn|rotate|twist|tilt|lean|move|bring|put|place|"
    r"set|point|reach|cross|uncross|spread|widen|step|kick|swing|push|pull|look|nod|bow|arch|relax|tuck|touch|"
    r"swap|change|make (?:it|her|him|them)|give (?:it|her|him|them) (?!to)|drop|kneel|sit|stand|let (?:her|him|it|"
    r"them|the)|open|close|stop|come (?:up|down|back)|take (?:the|her|his|their|both)|do (?:it|that|this|so|the same) "
    r"(?:with|on|for))\b(?!-)",
    re.IGNORECASE,
)
ANGLE_NAME = (
    r"(?:(?:left|right) (?:hip|knee|ankle|toes|shoulder|elbow|wrist|fingers|collar|forearm) (?:flexion|abduction|"
    r"internal rotation|varus|valgus|dorsiflexion|inversion|adduction|pronation|ulnar deviation|protraction|"
    r"elevation|backward rotation|angle)"
    r"|(?:spine\d?|neck|upper neck|lower neck) (?:flexion|bend left|twist left)|pelvis (?:heading|forward tilt|"
    r"left tilt))"
)
SET_ANGLE = re.compile(
    rf"^(?:set|put|bring|make|change|move|adjust)? ?(?:the |her |his |their |"
    rf"its )?(?P<angle>{ANGLE_NAME})(?: (?:exactly|be|of (?:it|pose \d+)))*(?: ?(?:to|at|=|:|be|is)|"
    rf" )? ?(?:exactly |about |around )?(?P<degrees>-?\d{{1,3}}(?:\.\d+)?)\s*(?:°|degrees?|deg)?\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
GREET = re.compile(
    r"^(?:hi|hello|hey|hallo|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day)|hi there|hello there|"
    r"hey there|hey chatpose|hi chatpose|hello chatpose)[\s,.!?]*$",
    re.IGNORECASE,
)
HOW_ARE_YOU = re.compile(
    r"^(?:(?:hi|hello|hey)[ ,]*)?(?:how are you|how's it going|how is it going|what's up|sup|"
    r"how do you do(?=[\s?!.]*$)|you ok(?:ay)?|are you (?:ok|there|well))\b.{0,30}$",
    re.IGNORECASE,
)
THANKS = re.compile(
    r"^(?:(?:ok(?:ay)?|great|perfect|nice|cool|good|wonderful|awesome|super|lovely|brilliant|excellent|"
    r"that'?s (?:it|great|perfect|good|nice|fine|right|what i wanted)|looks? (?:good|great|nice|perfect)|"
    r"i like (?:it|that|this)|well done|good job|thanks?(?: you)?(?: (?:so|very) much| a lot| again)?|many thanks|"
    r"thx|ty|cheers|much appreciated|got it|i see|alright|fine|yes|yeah|yep|sure|no thanks|no thank you|"
    r"no)[\s,.!]*)+$",
    re.IGNORECASE,
)
BYE = re.compile(
    r"^(?:(?:ok(?:ay)?|thanks?(?: you)?|great)[ ,.!]*)?(?:bye(?: bye)?|goodbye|good night|see (?:you|ya)(?: later|"
    r" soon)?|that'?s all(?: for (?:now|today))?|i'?m done|we'?re done|quit|exit|ciao|farewell|cu|"
    r"take care)[\s.!]*$",
    re.IGNORECASE,
)
HELP = re.compile(
    r"^(?:help(?: me)?|\?+|what can (?:you|i|we) (?:do|ask|say|type)(?: here| for me| with (?:it|this|you))?|"
    r"what do you do|what are you(?: able to do| for)?|who are you|how (?:does|do) (?:this|it|you|i use (?:this|"
    r"you|it)) (?:work|function)?|how (?:do|can) i use (?:this|you|it)|what is this(?: (?:thing|place|page|"
    r"program|about))?|what is chatpose|what's chatpose|what should i (?:do|say|type|ask)|commands?|examples?|"
    r"give me (?:some |an )?examples?(?: of what i can ask)?|instructions|usage|features|man|menu|"
    r"what are (?:your|the) (?:abilities|features|options|commands))[\s.!?]*$",
    re.IGNORECASE,
)
HOW_SO = re.compile(
    r"^(?:how (?:did|do) you (?:get|do|make|know|find|come|measure|arrive)\b.*|how come\b.*|(?:but |so |and )?why"
    r"(?: not| so| though| on earth)?[\s?!.]*|how so[\s?]*|really\?+|says who\?*|what makes you (?:say|think) (?:so|"
    r"that)\b.*|"
    r"how (?:was|is) (?:this|that|it) (?:made|done|measured)\b.*|why (?:this|that|"
    r"did you|do you|is it)\b.*|what did you do\b.*|explain (?:how|your steps|that)\b.*|show (?:me )?(?:the|"
    r"your) (?:steps|work)|are you sure.*|how sure are you.*|what (?:were|are) (?:the|your) steps.*)$",
    re.IGNORECASE,
)
WHAT_THERE_IS = re.compile(
    r"^(?:(?:which|what) (?:poses|photos|things|items) (?:do (?:we|i|you) have|are there|have (?:we|i|you) (?:got|"
    r"made)|is there)(?: so far| here| now| already)?|(?:list|show)(?: me)? (?:all |the |all the |my |our |"
    r"every )*(?:poses|photos|items|history)(?: so far| here| again)?|what(?:'s| is) (?:on (?:the )?screen|"
    r"in (?:the )?tray)|where are we|how many poses (?:do (?:we|i|you) have|are there|have we))[\s.!?]*$",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"\b(?:https?|ftp|file|data|javascript)\s*:\s*/{0,3}\S+|\bwww\.\S+", re.IGNORECASE)
PATH = re.compile(
    r"^(?:[~.]{0,2}/|[a-zA-Z]:\\|\\\\)[^\s]+$|(?:\.\./){1,}|(?:^|\s)/(?:etc|home|root|var|usr|tmp|proc|dev|work|"
    r"mnt|opt)/\S*"
)
SURPRISE = re.compile(
    r"^(?:surprise me|(?:show|give|make|do|pick|choose)?(?: me)? ?(?:any|some|a random|random|whatever|"
    r"an arbitrary|something|anything)(?: (?:pose|random|you (?:like|want)|cool|nice|interesting|fun|funny|crazy|"
    r"at random))*|you (?:choose|pick|decide)|whatever|anything|dealer's choice|i don'?t (?:know|care))[\s.!?]*$",
    re.IGNORECASE,
)
OTHER_SUBJECT = re.compile(
    r"\b(?:weather|capital|president|recipe|cook(?:ing)?|python|javascript|code|function|poem|story|song|joke|"
    r"news|stock|price|translate|translation|email|essay|homework|equation|solve|math|maths|movie|film|book a|"
    r"flight|hotel|restaurant|phone|computer|password|system prompt|instructions above|previous instructions|"
    r"president|election|war|football score|bitcoin|import \w+|print ?\(|select \* from|def \w+\(|history of|"
    r"population|wikipedia|google|who won|who invented|how old|birthday|diagnos\w+|medicine|lawyer|tax)\b",
    re.IGNORECASE,
)
CONVENTIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"\b(?:whose|which) left\b|\bleft (?:of (?:the )?(?:viewer|camera)|from (?:my|your|"
            r"the viewer's) (?:side|view))|\b(?:my|your|viewer's) left or\b|\bis left (?:the|her|his|my)\b",
            re.IGNORECASE,
        ),
        "Left and right are always the body's own, whichever way it faces.",
    ),
    (
        re.compile(
            r"\b(?:fingers?|faces?|facial|expressions?|smil\w+|eyes)\b.*\b(?:pose|move|do|know|support|can you)\b|"
            r"\bcan you (?:do|pose|move) (?:the )?(?:fingers|faces?|eyes|expressions)\b",
            re.IGNORECASE,
        ),
        "This body has no fingers and no face that move: wrists, palms and the head are as fine as it gets.",
    ),
    (
        re.compile(r"\b(?:animat\w+|videos?|motions?|move it|make it move|walk cycle)\b", re.IGNORECASE),
        "I work with single poses, not with motion; of a motion file I take one frame.",
    ),
    (
        re.compile(
            r"\b(?:what|which) (?:body|model|mesh|skeleton)\b|\bwhose body\b|\bsmpl\b.*\b(?:is|use)\b|"
            r"\bwhat (?:do you use|are you made)\b",
            re.IGNORECASE,
        ),
        "The body is chatpose's own open one with the 24 joints of SMPL; a licensed SMPL file can take its place.",
    ),
    (
        re.compile(
            r"\b(?:how|what) (?:exact|precise|accurate)|\bwhat does straight mean\b|\bwhen is (?:a|the) (?:knee|"
            r"elbow)\b",
            re.IGNORECASE,
        ),
        "Angles at knees and elbows are those between the bones, 180° is straight; what I state is measured.",
    ),
)
"""What people ask about left and right, fingers, motion, the body, and what is said to it."""
