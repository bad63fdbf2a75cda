"""Moves in words. Every wording of an action means the same; a seed chooses among them.

Nothing here asks for left or right by itself, so that mirrored moves get the mirrored words.
"""

import zlib
from collections.abc import Sequence

from chatpose.posecodes.definitions import OTHER
from chatpose.posecodes.difference_moves import LARGE, PLAIN, Move

# {it}: the part with its side; {how}: how much; {to}: where and until what.
_WORDINGS: dict[str, tuple[str, ...]] = {
    "raise": ("raise {it}{how}{to}", "lift {it}{how}{to}", "bring {it} up{how}{to}"),
    "lower": ("lower {it}{how}{to}", "bring {it} down{how}{to}"),
    "forward": ("move {it} forward{how}{to}", "swing {it} forward{how}{to}", "bring {it} forward{how}{to}"),
    "backward": ("move {it} back{how}{to}", "swing {it} back{how}{to}", "bring {it} back{how}{to}"),
    "outward": ("move {it} outwards{how}{to}", "swing {it} outwards{how}{to}"),
    "inward": ("move {it} inwards{how}{to}", "swing {it} inwards{how}{to}"),
    "headward": ("move {it} up towards your head{how}{to}", "bring {it} towards your head{how}{to}"),
    "footward": ("move {it} down towards your feet{how}{to}", "bring {it} towards your feet{how}{to}"),
    "bend": ("bend {it}{how}{to}", "flex {it}{how}{to}"),
    "straighten": ("straighten {it}{how}{to}", "extend {it}{how}{to}"),
    "point": ("turn {it} so that {they} {to}", "rotate {it} so that {they} {to}"),
    "keep": ("keep {it}{to}", "leave {it}{to}"),
    "hand on": ("put {it} on {target}", "place {it} on {target}"),
    "hand touching": ("put {it} on {target}", "bring {it} to {target}", "touch {target} with {it}"),
    "hand near": ("bring {it} close to {target}", "move {it} close to {target}"),
    "foot touching": ("put {it} against {target}", "rest {it} against {target}"),
    "foot near": ("bring {it} close to {target}", "move {it} close to {target}"),
    "cross arms": ("cross your arms in front of you", "fold your arms in front of you"),
    "hands together": ("bring your hands {to}", "move your hands {to}"),
    "draw up": ("draw {it} up towards your chest{how}", "bring {it} towards your chest{how}"),
    "stretch out": ("move {it} away from your chest{how}", "bring {it} away from your chest{how}"),
    "lift off": ("lift {it} off the floor", "take {it} off the floor"),
    "put down": ("put {it} down on the floor", "set {it} down on the floor"),
    "on tiptoe": ("rise onto the toes of {it}", "lift the {heel} of {it}"),
    "heel down": ("lower the {heel} of {it} to the floor", "put the {heel} of {it} down"),
    "point foot": ("point the toes of {it}", "stretch {it} so that the toes point away"),
    "flex foot": ("flex {it}, toes towards the shin", "pull the toes of {it} towards the shin"),
    "feet apart": ("move your feet further apart{how}", "widen your stance{how}"),
    "feet together": ("move your feet closer together{how}", "narrow your stance{how}"),
    "shift front": ("shift your hips {to}{how}", "move your hips {to}{how}"),
    "shift aside": ("shift your hips to the {toward}{how}", "move your hips to the {toward}{how}"),
    "hips up": ("raise your hips{how}", "bring your hips up{how}"),
    "hips down": ("lower your hips{how}", "bring your hips down{how}"),
    "step forward": ("step forward{how} with {it}", "move {it} forward{how}"),
    "step backward": ("step back{how} with {it}", "move {it} back{how}"),
    "step outward": ("step outwards{how} with {it}", "move {it} outwards{how}"),
    "step inward": ("step inwards{how} with {it}", "move {it} inwards{how}"),
    "cross legs": ("cross your legs",),
    "turn": ("turn{amount} to the {toward}", "turn your whole body{amount} to the {toward}"),
    "turn around": ("turn around to face the other way", "turn your whole body around"),
    "turn on floor": ("turn on the spot{amount} {clock}, seen from above",),
    "straighten up": ("straighten up{how}{to}", "straighten your upper body up{how}{to}"),
    "lean forward": ("lean forward{how}{to}", "bend your upper body forward{how}{to}"),
    "lean back": ("lean back{how}", "tip your upper body back{how}"),
    "lean aside": ("lean{how} to the {toward}", "bend your upper body{how} to the {toward}"),
    "lean to middle": ("bring your upper body back to the middle, to the {toward}",),
    "twist": ("twist your upper body{how} to the {toward}", "turn your shoulders{how} to the {toward}"),
    "untwist": ("turn your shoulders back to the {toward}, in line with your hips",),
    "round back": ("round your back{how}", "curl your upper back forward{how}"),
    "arch back": ("arch your back{how}", "bend your upper back backward{how}"),
    "straighten back": ("straighten your back",),
    "tip up": ("bring your upper body up{how}{to}", "raise your upper body{how}{to}"),
    "tip down": ("bring your upper body down{how}{to}", "lower your upper body{how}{to}"),
    "face up": ("turn your chest up, away from the floor{how}",),
    "face down": ("turn your chest down, towards the floor{how}",),
    "roll": ("roll{how} so that your {toward} side goes down",),
    "turn head": ("turn your head{how} to the {toward}{to}", "rotate your head{how} to the {toward}{to}"),
    "tilt head": ("tilt your head{how} to the {toward}", "tip your head{how} sideways to the {toward}"),
    "lower chin": ("lower your chin{how}{to}", "tip your head forward{how}{to}"),
    "raise chin": ("raise your chin{how}{to}", "tip your head back{how}{to}"),
}

_POSTURES: dict[str, dict[str, str]] = {
    "standing": {"": "stand up"},
    "standing on the {side} leg": {"": "stand on your {side} leg"},
    "squatting": {"down": "squat down", "up": "come up into a squat", "": "squat"},
    "lunging with the {side} leg in front": {
        "down": "sink into a lunge with your {side} leg in front",
        "up": "rise into a lunge with your {side} leg in front",
        "": "step into a lunge with your {side} leg in front",
    },
    "kneeling": {"down": "kneel down on both knees", "up": "rise onto your knees", "": "kneel on both knees"},
    "kneeling on the {side} knee": {
        "down": "go down on your {side} knee",
        "up": "come up to kneel on your {side} knee",
        "": "kneel on your {side} knee",
    },
    "sitting as on a chair": {
        "down": "sit down as on a chair",
        "up": "rise to sit as on a chair",
        "": "sit as on a chair",
    },
    "sitting on the floor": {"down": "sit down on the floor", "from lying": "sit up", "": "sit on the floor"},
    "sitting cross-legged": {
        "down": "sit down cross-legged on the floor",
        "from lying": "sit up with your legs crossed",
        "": "sit cross-legged on the floor",
    },
    "on all fours": {"down": "get down on all fours", "up": "get up on all fours", "": "get on all fours"},
    "in a plank": {"down": "go down into a plank", "up": "push up into a plank", "": "go into a plank"},
    "upside down": {"": "turn upside down"},
    "lying on the back": {"down": "lie down on your back", "over": "turn over onto your back", "": "lie on your back"},
    "lying on the front": {
        "down": "lie down on your front",
        "over": "turn over onto your front",
        "": "lie on your front",
    },
    "lying on the {side} side": {
        "down": "lie down on your {side} side",
        "over": "turn over onto your {side} side",
        "": "lie on your {side} side",
    },
}  # fmt: skip

# Phrases on where to, for one limb and for both.
_WHERE: dict[str, tuple[str, ...]] = {
    "in front": (" in front of you",) * 2,
    "to the side": (" out to the side", " out to the sides"),
    "diagonal front": (" diagonally forward and outwards",) * 2,
    "diagonal behind": (" diagonally back and outwards",) * 2,
    "behind": (" behind you",) * 2,
    "across": (" across your body",) * 2,
}
_DIRECTIONS = {"raise": "up", "lower": "down", "forward": "forward", "backward": "back", "outward": "outwards",
               "inward": "inwards", "headward": "towards your head", "footward": "towards your feet"}  # fmt: skip
_ASIDE = {"back": "backwards", "forward": "forwards"}
"""After "raise" and "lower"."""
_UNTIL: dict[str, tuple[str, ...]] = {
    "horizontal": (" until it is horizontal", " until they are horizontal"),
    "pointing up": (" until it points up", " until they point up"),
    "hanging down": (" until it hangs down", " until they hang down"),
    "hanging": (" hanging down",) * 2,
    "at side": (" until it is at your side", " until they are at your sides"),
    "hand above head": (" until the hand is above your head", " until the hands are above your head"),
    "hand above shoulder": (" until the hand is above the shoulder", " until the hands are above the shoulders"),
    "hand in front": (" until the hand is in front of your body", " until the hands are in front of your body"),
    "hand behind": (" until the hand is behind your body", " until the hands are behind your body"),
    "hand past": (" until the hand is beyond your other shoulder", " until the hands are beyond the other shoulders"),
    "thigh horizontal": (" until the thigh is horizontal", " until the thighs are horizontal"),
    "thigh down": (" until the thigh points down", " until the thighs point down"),
    "foot on floor": (" until the foot is on the floor", " until the feet are on the floor"),
    "straight": (" completely",) * 2,
    "right angle": (" to a right angle", " to right angles"),
    "fully bent": (" all the way",) * 2,
    "upright": (" until your trunk is vertical",) * 2,
    "back horizontal": (" until your back is horizontal",) * 2,
    "ahead": (" until it faces straight ahead",) * 2,
    "look down": (" to look down",) * 2,
    "look up": (" to look up",) * 2,
    "touching": ("together until they touch",) * 2,
}
_PLURALS = {"foot": "feet", "hip": "hips"}
_SLIGHTLY, _GREATLY = ("slightly", "a little", "a bit"), ("a lot",)
_TURN_SPARING = {"turn head", "twist", "lean aside", "tilt head"}
"""Actions whose amount stands before "to the left", where "far" reads better than "a lot"."""
_JOINERS = ("", "", "Then ", "Next, ", "Also ", "After that, ")


class Chooser:
    """Picks wordings, the same for the same seed and the same moves in every process."""

    def __init__(self, seed: int, moves: Sequence[Move]) -> None:
        self._key = f"{seed}|" + "|".join(f"{move.action} {move.family}" for move in moves)
        self._count = 0

    def pick(self, choices: Sequence[str]) -> str:
        """One of some wordings."""
        self._count += 1
        return choices[zlib.crc32(f"{self._key}|{self._count}".encode()) % len(choices)]


def clause(move: Move, chooser: Chooser) -> str:
    """A move as an imperative clause, without capital or full stop."""
    if move.action == "posture":
        wordings = _POSTURES[move.part]
        text = wordings.get(move.where, wordings[""]).format(side=move.toward)
        return text + (", the other leg straight" if move.until == "other leg straight" else "")
    both = len(move.sides) == 2
    template = chooser.pick(_WORDINGS[move.action])
    how, to = _amount(move, chooser), _WHERE.get(move.where, ("", ""))[both] + _until(move, both)
    if move.where in _DIRECTIONS and move.action in _DIRECTIONS:  # "back and outwards a little", "up outwards"
        lifts = move.action in ("raise", "lower")
        direction = _DIRECTIONS[move.where]
        how = (f" {_ASIDE.get(direction, direction)}" if lifts else f" and {direction}") + how
    return template.format(
        it=_part(move),
        they="they" if both else "it",
        heel="heels" if both else "heel",
        how=how,
        to=to or _plain_to(move, both),
        toward=move.toward,
        amount=f" {move.where}",
        clock="counter-clockwise" if move.toward == "left" else "clockwise",
        target=_target(move),
    )


def _part(move: Move) -> str:
    if len(move.sides) == 2:
        return f"both {_PLURALS.get(move.part, move.part + 's')}"
    return f"your {move.sides[0]} {move.part}" if move.sides else f"your {move.part}"


def _until(move: Move, both: bool) -> str:
    if move.until == "over the shoulder":
        return f" until you look over your {move.toward} shoulder"
    until = _UNTIL.get(move.until, ("", ""))[both]
    if move.action in ("bend", "straighten") and move.where.startswith("points"):
        pointing = move.where.replace("points", "point") if both else move.where
        until += f" so that the forearm{'s' if both else ''} {_outwards(pointing)}"
    return until


def _outwards(pointing: str) -> str:
    return pointing.replace("outward", "outwards").replace("inward", "inwards")


def _plain_to(move: Move, both: bool) -> str:
    """What stands for {to} where there is neither a place nor an end."""
    if move.action == "point":
        return _outwards(move.where.replace("points", "point") if both else move.where)
    if move.action == "keep":
        return " pointing the way " + ("they do" if both else "it does")
    if move.action == "hands together":
        return "close together"
    if move.action == "shift front":
        return "back" if move.where == "backward" else "forward"
    return ""


def _amount(move: Move, chooser: Chooser) -> str:
    """How much: slightly, nothing, a lot; where the move ends somewhere, the end says it."""
    if move.until:
        return " further" if move.more and move.until != "fully bent" else ""
    sparing = move.action in _TURN_SPARING
    if move.size < PLAIN:
        slightly = chooser.pick(_SLIGHTLY[: 1 if sparing else None])
        return f" {slightly} {'further' if sparing else 'more'}" if move.more else f" {slightly}"
    if move.size < LARGE:
        return (" further" if sparing else " more") if move.more else ""
    if move.more:
        return " much further" if sparing else " much more"
    return " far" if sparing else " " + chooser.pick(_GREATLY)


def _target(move: Move) -> str:
    """Your head, your right shoulder, your hips, the opposite knees."""
    if not move.target or move.target == "floor":
        return "the floor"
    if len(move.sides) == 2 and "{" in move.target:
        side, _, part = move.target.partition(" ")
        plural = _PLURALS.get(part, part + "s")
        return f"the opposite {plural}" if side == "{other}" else f"your {plural}"
    side = move.sides[0]
    return "your " + move.target.format(same=side, other=OTHER[side])


def sentences(clauses: Sequence[Sequence[str]], chooser: Chooser) -> str:
    """Groups of clauses as sentences."""
    written, last = [], ""
    for number, group in enumerate(clauses):
        text = _joined(group)
        joiner = chooser.pick(_JOINERS) if number else ""
        joiner = "" if joiner == last else joiner
        if number and number == len(clauses) - 1 and len(clauses) > 3:
            joiner = "Finally, "
        written.append(joiner + text if joiner else text[0].upper() + text[1:])
        last = joiner
    return " ".join(f"{text}." for text in written)


def _joined(group: Sequence[str]) -> str:
    *first, last = group
    if not first:
        return last
    plain = len(first) == 1 and " until " not in first[0] and " so that " not in first[0] and "," not in first[0]
    return f"{first[0]} and {last}" if plain else f"{', '.join(first)}, and {last}"
