"""Situations and what they ask of a body, for speculative requests; `{s}` and `{o}` are either side and the other."""

from dataclasses import dataclass
from random import Random

from chatpose.corpus.instructions.chance import one
from chatpose.corpus.instructions.wording import Wordings

_SOMEONE = ("someone", "somebody", "a person")


@dataclass(frozen=True)
class Situation:
    """A situation.

    Attributes:
        texts: who it is: what follows "someone" ("who reaches for the top shelf"), or a noun ("a bouncer at the door").
        lines: statements that it asks for; "not: …" for what mustn't hold.
    """

    texts: tuple[str, ...]
    lines: tuple[str, ...]

    def someone(self, rng: Random) -> str:
        """Who it is, one way."""
        text = one(rng, self.texts)
        return text if text.startswith(("a ", "an ", "the ")) else f"{one(rng, _SOMEONE)} {text}"


def _situation(lines: str, *texts: str) -> Situation:
    return Situation(texts, tuple(line.strip() for line in lines.split(";")))


SITUATIONS: tuple[Situation, ...] = (
    _situation(
        "standing; {s} hand: above head",
        "who reaches for a jar on the top shelf",
        "hailing a taxi from the kerb",
        "who changes a light bulb above",
        "holding on to a strap in a tram",
    ),
    _situation(
        "standing; arms: raised overhead",
        "who has just scored the winning goal",
        "told by a robber to put the hands up",
        "being measured by a tailor for a tall coat",
        "who signals to a helicopter",
    ),
    _situation(
        "standing; arms: crossed",
        "who is waiting and losing patience",
        "a bouncer at the door of a club",
        "unimpressed by what is being said",
    ),
    _situation(
        "standing; left hand: on hip; right hand: on hip",
        "a coach who watches the team lose",
        "catching breath after a race, hands at the waist",
        "a parent about to tell somebody off",
    ),
    _situation(
        "bending forward",
        "who has dropped a coin and looks for it",
        "tying a shoe without kneeling",
        "picking strawberries in a field",
        "who bows to the audience, deeply",
    ),
    _situation(
        "bending forward; {s} hand: on ground", "picking a coin up off the floor", "who touches the floor after running"
    ),
    _situation(
        "squatting",
        "who looks at an ant on the path",
        "a catcher behind the plate",
        "who hides behind a low wall",
        "reading the lowest row of a bookshelf",
    ),
    _situation(
        "kneeling on the {s} knee",
        "who ties a shoelace",
        "being knighted",
        "who asks for a hand in marriage",
        "talking to a small child at eye level",
    ),
    _situation(
        "kneeling",
        "who weeds a flower bed",
        "praying at the foot of the bed",
        "who looks under the sofa for the cat",
        "scrubbing a floor",
    ),
    _situation(
        "on all fours",
        "playing horse for a toddler",
        "who searches the carpet for a lost contact lens",
        "crawling through a low tunnel",
    ),
    _situation("in a plank", "who does push-ups", "training the trunk, held off the floor by hands and toes"),
    _situation(
        "sitting as on a chair",
        "in a dentist's waiting room",
        "on a bus seat",
        "at a desk in an exam",
        "who listens to a long lecture",
    ),
    _situation(
        "sitting on the floor",
        "at a picnic on a blanket",
        "building a tower of toy bricks",
        "resting on the grass after a match",
    ),
    _situation(
        "sitting cross-legged", "who meditates", "listening to a story in kindergarten", "at a low table in a tea house"
    ),
    _situation(
        "lying on the back",
        "who watches the clouds",
        "on an operating table",
        "asleep on a beach towel, face up",
        "staring at the ceiling at three in the morning",
    ),
    _situation("lying on the front", "getting a back massage", "sunbathing on the belly", "who fell flat on the face"),
    _situation(
        "lying on the {s} side", "asleep, curled to one side", "in the recovery position", "lounging on a sofa sideways"
    ),
    _situation("upside down", "doing a handstand", "a trapeze artist hanging head down", "who walks on the hands"),
    _situation(
        "standing on the {s} leg; {o} foot: off ground",
        "who has a pebble in a shoe and hops",
        "a flamingo as played by a child",
        "pulling on a sock while standing",
        "stepping over a puddle",
    ),
    _situation(
        "lunging with the {s} leg in front", "a fencer who attacks", "pushing a stalled car", "who sprints off the line"
    ),
    _situation(
        "arms: spread to the sides",
        "walking a tightrope",
        "playing aeroplane",
        "a scarecrow in a field",
        "who blocks the way with the body",
    ),
    _situation(
        "arms: stretched forward",
        "sleepwalking in a cartoon",
        "groping through a dark room",
        "about to catch a ball with both hands",
    ),
    _situation(
        "arms: hanging down; standing",
        "standing at attention",
        "who waits in line, bored",
        "posing for a passport picture, full figure",
    ),
    _situation(
        "standing; {s} hand: near head",
        "on the phone",
        "who salutes",
        "puzzled, a hand at the temple",
        "shading the eyes from the sun",
    ),
    _situation(
        "standing; gaze: up",
        "who watches fireworks",
        "looking at the top of a tower",
        "who waits for the ball to come down",
    ),
    _situation(
        "standing; gaze: down",
        "reading a message while walking",
        "ashamed of what happened",
        "who looks for the first step of a stair",
    ),
    _situation(
        "gaze: over the {s} shoulder",
        "who hears a noise from behind",
        "backing a car out",
        "who checks whether anybody follows",
    ),
    _situation(
        "{s} foot: on tiptoe; standing",
        "peeping over a fence",
        "sneaking past a sleeping guard",
        "a ballet student at the barre",
    ),
    _situation(
        "{s} hand: touching head", "with a bad headache", "who has just remembered the oven", "in despair over a bill"
    ),
    _situation(
        "{s} forearm: pointing up; standing",
        "a pupil who wants to answer",
        "taking an oath",
        "who waves to a friend across the road",
    ),
    _situation(
        "{s} arm: raised level; {s} elbow: straight; standing",
        "showing somebody the way",
        "who points at the culprit",
        "holding a hawk on the fist",
        "aiming at a target",
    ),
    _situation(
        "{s} knee: above {s} hip; standing on the {o} leg",
        "marching on parade",
        "climbing a very high step",
        "who knees the air in training",
    ),
    _situation(
        "legs: spread wide",
        "a goalkeeper stretching before a match",
        "straddling a ditch",
        "a dancer in a wide second position",
    ),
    _situation(
        "{s} elbow: fully bent; {s} hand: near {s} shoulder",
        "showing off the biceps",
        "with a shoulder bag slung close",
        "who carries a tray at the shoulder",
    ),
    _situation(
        "torso: leaning slightly forward; standing",
        "leaning into the wind",
        "listening to somebody short",
        "pushing a shopping cart uphill",
    ),
    _situation(
        "arching backward", "passing under a limbo bar", "stretching after hours at the desk, back bent the other way"
    ),
    _situation(
        "hands: touching each other; standing", "applauding", "folding the hands in front", "a singer at a recital"
    ),
    _situation("{s} hand: on hip; {o} hand: above head", "a flamenco dancer", "a drawn teapot come to life"),
    _situation(
        "torso: twisted to the {s}",
        "winding up for a golf swing",
        "reaching to the back seat of a car",
        "who turns at the waist to look",
    ),
    _situation(
        "{s} foot: above {s} hip",
        "kicking a ball out of the air",
        "a dancer with one leg high",
        "who stretches a leg on a fence",
    ),
    _situation(
        "legs: crossed; standing",
        "who badly needs a bathroom",
        "leaning against a bar, feet crossed",
        "a dancer crossing one step over the other",
    ),
    _situation(
        "head: bowed", "mourning at a grave", "who is told off", "asleep while sitting or standing, chin on the chest"
    ),
    _situation(
        "{s} hand: behind torso; {o} hand: behind torso",
        "a prince on an inspection walk",
        "hiding a present behind the back",
        "an ice skater gliding at leisure",
    ),
    _situation(
        "{s} hand: on ground; {o} hand: on ground; squatting",
        "a frog about to leap, played by a child",
        "who gets set behind the start line",
    ),
)

SITUATION_FRAMES = Wordings(
    "How would {someone} look?",
    "Show me {someone}.",
    "{someone}",
    "How does the body look of {someone}?",
    "Imagine {someone}. What's the pose?",
    "I (need|want|am drawing) {someone}.",
    "What pose would {someone} be in?",
    "Picture {someone}: show me.",
    "(Draw|Pose|Make) {someone}.",
    "My character is {someone}. Pose?",
    "If you were {someone}, how would you look?",
    "For a scene: {someone}",
    "Guess the pose of {someone}.",
    "What's a believable pose for {someone}?",
    "There's {someone} in the background of my picture. How should I pose that?",
    "Think of {someone}. Which pose?",
    "A (panel|shot|frame) with {someone}.",
    "(Suggest|Propose) a pose for {someone}.",
)
REASONS = Wordings(
    "Then {told}",
    "I'd say {told}",
    "In that case {told}",
    "That (suggests|means) that {told}",
    "(Most likely|Probably) {told}",
    "I'd expect that {told}",
    "Typically {told}",
    "What the body needs for that: {told}",
    "As I imagine it, {told}",
)
THINK = Wordings(
    "{text}",
    "{text} (What does that look like|How does the body look then|Which pose is that|What's the pose)?",
    "{quoted} - (which pose|what pose) comes to mind?",
    "(Scene|Situation|Moment): {text} (Show the pose.|Show me the person.|What pose?)",
    "Read between the lines and show me the pose: {text}",
    "What is the person's body doing here? {text}",
    "{text} (Show me the person at that moment.|Freeze that moment.|Pose the person in it.)",
)
