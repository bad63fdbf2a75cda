"""How people ask about poses, and how that is answered."""

from collections.abc import Callable

from chatpose.corpus.instructions.wording import Wordings

YES = Wordings(
    "Yes.",
    "Yes, {told}.",
    "Yes, {told}.",
    "Yes: {told}.",
    "It is so: {told}.",
    "Right, {told}.",
    "That's right, {told}.",
    "Correct.",
    "Yes. {Told}.",
    "Yes indeed.",
)
NO = Wordings("No.", "No, {denied}.", "No, {denied}.", "No: {denied}.", "Not really, {denied}.", "No. {Denied}.")
NOT_SO = Wordings(
    "Actually, {denied}.",
    "{Denied} in this pose.",
    "That isn't quite so: {denied}.",
    "There's a small mix-up: {denied}.",
    "I measure something else: {denied}.",
    "As far as I can see {denied}.",
    "Not here: {denied}.",
    "Hm, {denied}.",
)
PREMISE = Wordings(
    "(Since|Now that) {told}, what is that good for?",
    "I (see|notice) that {told}. (Is that normal|How come|What's the reason)?",
    "(Explain|Tell me) why {told}.",
    "What does it mean that {told}?",
    "How long can one stay like this when {told}?",
    "Good that {told}, isn't it?",
    "What's it called when {told} as it is here?",
    "{told}, I see. What for?",
)

WHICH = Wordings(
    "Which {part} is {word}?",
    "Which of the two {parts} is {word}?",
    "Is the left or the right {part} {word}?",
    "{word}: left or right {part}?",
    "Left or right: which {part} is {word}?",
    "Tell me which {part} is {word}.",
    "The {part} that's {word}, is it the left or the right one?",
)
SAME = Wordings(
    "Neither, they're about the same.",
    "Hardly any difference between the {parts}.",
    "Both about the same.",
    "They are nearly alike.",
    "No clear difference there.",
    "Neither is clearly {word}.",
)

_BEND = Wordings(
    "What angle does the {s} {p} have?",
    "What's the angle at the {s} {p}?",
    "How (far|much) is the {s} {p} bent?",
    "How many degrees has the {s} {p}?",
    "{s} {p} angle?",
    "Measure the {s} {p}( for me|).",
    "At what angle is the {s} {p}?",
    "(Give|Tell) me the {s} {p} angle.",
    "Degrees at the {s} {p}?",
)


def _bend(joint: str) -> Wordings:
    return Wordings(*(text.replace("{p}", joint) for text in _BEND.texts))


DEGREES: dict[str, Wordings] = {
    "{s} knee angle": _bend("knee"),
    "{s} elbow angle": _bend("elbow"),
    "{s} hip angle": _bend("hip"),
    "{s} armpit angle": Wordings(
        "How (far|high) is the {s} arm (lifted|raised|away) from the body?",
        "Angle between the trunk and the {s} upper arm?",
        "How many degrees is the {s} arm away from the side?",
        "At what angle is the {s} arm to the trunk?",
    ),
    "{s} thigh tilt": Wordings(
        "How is the {s} thigh inclined?",
        "How far is the {s} thigh from the vertical?",
        "Angle of the {s} thigh to straight up?",
    ),
    "{s} upper arm tilt": Wordings(
        "How steep is the {s} upper arm?",
        "What angle has the {s} upper arm to the vertical?",
        "Angle of the {s} upper arm to straight up?",
    ),
    "torso tilt": Wordings(
        "How far is the trunk from upright?", "How upright is the (trunk|upper body|torso)?", "Tilt of the trunk?"
    ),
    "torso pitch": Wordings(
        "How far does the (trunk|upper body) lean forward or back?",
        "By how many degrees does the (trunk|torso) lean?",
        "Forward lean of the trunk?",
        "Is there a lean, and how much?",
    ),
    "head turn left": Wordings(
        "How far is the head turned?",
        "By how many degrees is the head turned?",
        "Where is the head turned, and how far?",
        "Head rotation?",
    ),
    "shoulder twist left": Wordings(
        "How far is the (trunk|torso) twisted?",
        "How much twist is there between hips and shoulders?",
        "Which way is the trunk twisted and how much?",
    ),
    "gaze elevation": Wordings(
        "How far up or down is the face directed?", "How high do they look?", "Elevation of the gaze?"
    ),
}
"""Questions for a number of degrees by measure."""

Telling = Wordings | Callable[[int], Wordings]


def _bent(joint: str) -> Wordings:
    return Wordings(
        f"The {{s}} {joint} is at (about |roughly |){{n}}° (180° is straight|where 180° would be straight).",
        "(About |Roughly |){n}° between the two bones, so it's bent by (about |){bent}°.",
        f"The angle at the {{s}} {joint} is (about |){{n}}°.",
        "{n}°.",
        "(About|Roughly) {n}°.",
        "{n}° (180° being straight).",
        f"Bent by {{bent}}° from straight; the angle at the {joint} is {{n}}°.",
    )


def _signed(plus: str, minus: str, none: str) -> Callable[[int], Wordings]:
    def told(value: int) -> Wordings:
        way = plus if value > 0 else minus
        return Wordings(f"{{more}}° {way}.", f"(About|Roughly) {{more}}° {way}.", f"It's {{more}}° {way}, {none}.")

    return told


DEGREES_TOLD: dict[str, Telling] = {
    "{s} knee angle": _bent("knee"),
    "{s} elbow angle": _bent("elbow"),
    "{s} hip angle": Wordings(
        "The angle between trunk and {s} thigh is (about |){n}°.",
        "{n}° (180° is straight).",
        "(About|Roughly) {n}°.",
        "{n}° between the trunk and the thigh.",
    ),
    "{s} armpit angle": Wordings(
        "(About |){n}° from the side of the trunk.",
        "The {s} upper arm is (about |){n}° away from the trunk.",
        "{n}°.",
        "{n}°, where 0° is down along the trunk.",
    ),
    "{s} thigh tilt": Wordings(
        "{n}° from straight up.",
        "(About|Roughly) {n}° from straight up; 90° is level.",
        "{n}°, counted from straight up.",
    ),
    "{s} upper arm tilt": Wordings(
        "{n}° from straight up.",
        "(About|Roughly) {n}° from straight up; 180° hangs straight down.",
        "{n}°, counted from straight up.",
    ),
    "torso tilt": Wordings(
        "{n}° from upright.", "The trunk is (about |){n}° off the vertical.", "(About|Roughly) {n}° from upright."
    ),
    "torso pitch": _signed("forward", "backward", "measured from the hips' upright"),
    "head turn left": _signed("to the left", "to the right", "against the chest"),
    "shoulder twist left": _signed("to the left", "to the right", "shoulders against hips"),
    "gaze elevation": _signed("upward", "downward", "against the horizon"),
}

APART = Wordings(
    "How far apart are the {parts}?",
    "What's the distance between the {parts}?",
    "Distance of the {parts}?",
    "How many centimetres are the {parts} apart?",
    "How wide apart are the {parts}?",
    "Gap between the {parts}?",
)
DISTANCE_TOLD = Wordings(
    "About {n} cm.",
    "{n} cm.",
    "Roughly {n} cm apart.",
    "The {parts} are about {n} cm apart.",
    "{n} cm on a body of average size.",
)

FLOOR = Wordings(
    "What touches the floor?",
    "Which parts (touch|rest on) the ground?",
    "What does the body rest on?",
    "What carries the weight?",
    "Which parts of the body are on the floor?",
    "Contacts with the ground?",
    "Where does the person touch the floor?",
    "What's on the floor?",
)
FLOOR_TOLD = Wordings(
    "{what}.",
    "on the floor: {what}.",
    "it rests on {what}.",
    "the floor is touched by {what}.",
    "{what}, nothing else of what I measure.",
)

POSTURE = Wordings(
    "What posture is this?",
    "Is the person standing, sitting, kneeling, lying or what?",
    "What is the (body|person) doing?",
    "In one word or two: what posture?",
    "How would you call the posture?",
    "Posture?",
    "What's the basic position?",
)
POSTURE_TOLD = Wordings(
    "They are {what}.",
    "The person is {what}.",
    "The figure is {what}.",
    "I'd say they're {what}.",
)

ABOUT = Wordings(
    "What's the {what} doing?",
    "What about the {what}?",
    "Where's the {what}?",
    "Describe the {what}.",
    "Tell me (more |)about the {what}.",
    "How is the {what} held?",
    "Only the {what}, please.",
    "And the {what}?",
    "Position of the {what}?",
    "How's the {what}?",
    "Say something about the {what}.",
    "Focus on the {what}.",
)

_BODY_ONLY = (
    "A pose has only the position of the body, so I can't tell.",
    "That can't be told from a pose.",
    "I can't know that from the pose alone.",
    "The pose doesn't say.",
    "I only see how the body is posed, not that.",
)
UNANSWERABLE: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        (
            "What colour is the shirt?",
            "Which colour has the shirt?",
            "Is the shirt red?",
            "What colour are the clothes?",
        ),
        ("A pose has no clothes, so there's no colour to name.", *_BODY_ONLY),
    ),
    (
        (
            "What is the person wearing?",
            "Describe the outfit.",
            "Are those jeans?",
            "Is it sportswear?",
            "What clothes are these?",
        ),
        ("Clothes aren't part of a pose.", *_BODY_ONLY),
    ),
    (
        ("How old is this person?", "What age would you say?", "Is this a child or an adult?", "Old or young?"),
        ("Age isn't something that a pose shows.", *_BODY_ONLY),
    ),
    (
        ("Is it a man or a woman?", "Male or female?", "Which gender is that?", "Is that a woman?"),
        ("The pose alone doesn't say; the figure stands for anybody.", *_BODY_ONLY),
    ),
    (
        ("What's the person's name?", "Do you know the name of this person?", "How's this person called?"),
        ("I can't know who it is.", *_BODY_ONLY),
    ),
    (
        ("Who is this?", "Do you recognise the person?", "Is that somebody famous?", "Who's posing here?"),
        ("I don't identify people; I only look at the pose.", *_BODY_ONLY),
    ),
    (
        ("How tall is the person?", "What height does this person have?", "Is the person tall?", "Height in metres?"),
        ("Size isn't part of a pose; the body I measure on has an average one.", *_BODY_ONLY),
    ),
    (
        ("How much does the person weigh?", "What does the person weigh?", "Body weight?", "Is the person heavy?"),
        ("Weight isn't part of a pose.", *_BODY_ONLY),
    ),
    (
        (
            "Is the person happy?",
            "What mood is that?",
            "Sad or happy?",
            "How does the person feel?",
            "Is the person angry?",
        ),
        ("There's no face in a pose, and I'd rather not guess feelings.", *_BODY_ONLY),
    ),
    (
        ("What is the person thinking?", "What goes on in the head?", "What does the person want?"),
        ("Nobody can read that from a pose.", *_BODY_ONLY),
    ),
    (
        (
            "What was the person doing a minute ago?",
            "What happened before?",
            "How did the person get there?",
            "What came before this?",
        ),
        ("A pose is one moment; it doesn't tell what came before.", *_BODY_ONLY),
    ),
    (
        ("What will happen next?", "What's the next move?", "What comes after this?", "Will the person fall?"),
        ("A pose is one moment; what comes next isn't in it.", *_BODY_ONLY),
    ),
    (
        (
            "How fast is the person moving?",
            "What speed is that?",
            "Is the person moving at all?",
            "Running fast or slow?",
        ),
        ("A single pose has no speed.", *_BODY_ONLY),
    ),
    (
        ("Where was this taken?", "Which place is that?", "Indoors or outdoors?", "In which city is this?"),
        ("The pose has no surroundings.", *_BODY_ONLY),
    ),
    (
        ("What's in the background?", "What's behind the person?", "Are there trees?", "Describe the room."),
        ("A pose has no background.", *_BODY_ONLY),
    ),
    (
        (
            "What is in the right hand?",
            "Is there something in the left hand?",
            "What does the person hold?",
            "Is that a ball in the hand?",
        ),
        ("Objects aren't part of a pose; I can only say where the hand is.", *_BODY_ONLY),
    ),
    (
        ("Are the fingers spread?", "Is that a fist?", "How are the fingers?", "Which fingers are bent?"),
        ("Fingers aren't part of this body model, so I can't tell.", *_BODY_ONLY),
    ),
    (
        ("Is the mouth open?", "Is the person smiling?", "What expression is on the face?"),
        ("The face isn't part of a pose.", *_BODY_ONLY),
    ),
    (
        ("Are the eyes closed?", "Which eye is open?", "What colour are the eyes?", "Does the person blink?"),
        ("Eyes aren't part of a pose; I only know where the head points.", *_BODY_ONLY),
    ),
    (
        ("Does it hurt?", "Is that painful?", "Is it comfortable?", "How does it feel?"),
        ("I can't tell how it feels.", *_BODY_ONLY),
    ),
    (
        (
            "Is the person strong?",
            "Is the person fit?",
            "How many push-ups can this person do?",
            "Are the muscles tense?",
        ),
        ("A pose doesn't measure strength.", *_BODY_ONLY),
    ),
    (
        ("What music is playing?", "What do you hear?", "Which song is it?"),
        ("There's no sound in a pose.", *_BODY_ONLY),
    ),
    (
        (
            "How long has the person been like this?",
            "Since when?",
            "How long can it be held?",
            "For how many minutes already?",
        ),
        ("A pose is one moment without a clock.", *_BODY_ONLY),
    ),
    (
        ("How many people watch?", "Is there an audience?", "Who else is there?"),
        ("There's only the one body here.", *_BODY_ONLY),
    ),
    (
        ("What's the hair like?", "Long or short hair?", "What hair colour?", "Is there a beard?"),
        ("Hair isn't part of a pose.", *_BODY_ONLY),
    ),
    (
        ("What shoes are those?", "Barefoot or in shoes?", "Which shoe size?"),
        ("The body has no shoes here.", *_BODY_ONLY),
    ),
    (
        ("Which country is the person from?", "What language does the person speak?", "Which nationality?"),
        ("A pose can't say that.", *_BODY_ONLY),
    ),
    (
        ("Is the left thumb up?", "Where's the right thumb?", "Is the index finger stretched?"),
        ("Thumbs and fingers aren't in this body model.", *_BODY_ONLY),
    ),
)
"""Questions that no pose answers, and what to say."""
