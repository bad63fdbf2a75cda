"""Changes by a little or a lot: what is turned, which measure tells, and how people ask for it.

A step up of an adjuster is what its first wordings ask for, a step down the second ones. `{s}` is the side, `{much}`
how much: empty for a plain step.
"""

from dataclasses import dataclass
from random import Random

from chatpose.corpus.instructions.chance import one, yes
from chatpose.corpus.instructions.wording import Wordings

LITTLE, LOT = 16.0, 32.0
"""Degrees up to which a change is a little one, and from which it is a large one."""
LITTLE_M, LOT_M = 0.12, 0.3
LEAST, LEAST_M = 5.0, 0.04
"""Smallest change that is asked for."""


@dataclass(frozen=True)
class Adjuster:
    """One thing that can be had more or less.

    Attributes:
        name: "arm".
        parts: that it changes, with `{s}`.
        measure: that tells it, with `{s}`.
        grows: 1 where a step up makes the measure larger, else −1.
        up: wordings of a step up.
        down: of a step down.
        to: of a number that the measure is to be, with `{n}`; None where nobody says so.
        by: of a number of degrees more, up and down; None likewise.
        unit: of the measure.
    """

    name: str
    parts: tuple[str, ...]
    measure: str
    grows: int
    up: Wordings
    down: Wordings
    to: Wordings | None = None
    by: tuple[Wordings, Wordings] | None = None
    unit: str = "°"

    @property
    def sided(self) -> bool:
        """Whether there is one for each side."""
        return "{s}" in self.measure

    def measure_of(self, side: str) -> str:
        """Name of the measure of a side."""
        return self.measure.replace("{s}", side)

    def parts_of(self, side: str) -> tuple[str, ...]:
        """Parts of a side."""
        return tuple(part.replace("{s}", side) for part in self.parts)

    def steps(self, before: float, after: float) -> float:
        """How large a change is, positive upwards, in the measure's unit."""
        return (after - before) * self.grows

    def size(self, change: float) -> str:
        """One of little, plain and lot; empty when it is too small to be asked for."""
        least, little, lot = (LEAST, LITTLE, LOT) if self.unit != "m" else (LEAST_M, LITTLE_M, LOT_M)
        amount = abs(change)
        return "" if amount < least else "little" if amount <= little else "lot" if amount >= lot else "plain"

    def ask(self, rng: Random, side: str, change: float) -> str:
        """A request for a change."""
        much = one(rng, _MUCH[self.size(change) or "little"])
        text = (self.up if change > 0 else self.down).say(rng, s=side, much=much)
        return " ".join(text.split()).replace(" ,", ",").strip(" ,")


_MUCH: dict[str, tuple[str, ...]] = {
    "little": ("a bit", "a little", "slightly", "a touch", "just a bit", "a tiny bit", "a little bit", "somewhat"),
    "plain": ("", "", "", "further", "some more"),
    "lot": ("a lot", "much further", "quite a lot", "way more", "a good deal", "far more", "considerably"),
}

_TABLE: tuple[Adjuster, ...] = (
    Adjuster(
        "arm",
        ("{s}_arm",),
        "{s} arm tilt",
        -1,
        Wordings(
            "(raise|lift|take|bring|move|get) the {s} arm {much}",
            "{s} arm (up|higher) {much}",
            "(her|his|their) {s} arm should (be|go) higher, {much}",
            "the {s} arm is too low, {much} (up|higher)",
        ),
        Wordings(
            "(lower|drop|bring down|let down|sink) the {s} arm {much}",
            "{s} arm (down|lower) {much}",
            "the {s} arm is too high, {much} (down|lower)",
            "let the {s} arm (sink|come down|drop) {much}",
        ),
    ),
    Adjuster(
        "leg",
        ("{s}_leg",),
        "{s} thigh tilt",
        -1,
        Wordings(
            "(raise|lift|bring up|take up) the {s} (leg|thigh|knee) {much}",
            "{s} (leg|knee) (up|higher) {much}",
            "the {s} (leg|knee) could go (up|higher) {much}",
        ),
        Wordings(
            "(lower|drop|bring down|let down) the {s} (leg|thigh|knee) {much}",
            "{s} (leg|knee) (down|lower) {much}",
            "the {s} (leg|knee) is too high, {much} lower",
        ),
    ),
    Adjuster(
        "elbow",
        ("{s}_arm",),
        "{s} elbow angle",
        -1,
        Wordings(
            "(bend|flex|fold|close) the {s} elbow {much}",
            "bend the {s} arm {much} at the elbow",
            "let the {s} elbow bend {much}",
            "(her|his|their) {s} elbow should bend {much}",
        ),
        Wordings(
            "(straighten|extend|open|unbend|stretch) the {s} elbow {much}",
            "(straighten|stretch) the {s} arm {much} at the elbow",
            "{s} elbow less bent, {much}",
            "unfold the {s} arm {much}",
        ),
        Wordings(
            "(set|put|bring) the {s} elbow (to|at) {n}( degrees|°)",
            "{s} elbow (at|to) {n}( degrees|°| deg)",
            "I want an angle of {n}( degrees|°) at the {s} elbow",
            "make the {s} elbow angle {n}( degrees|°)",
        ),
        (
            Wordings(
                "bend the {s} elbow (by |another |){n}( degrees|°) more", "{n}( degrees|°) more bend in the {s} elbow"
            ),
            Wordings(
                "(straighten|open) the {s} elbow by {n}( degrees|°)", "{n}( degrees|°) less bend in the {s} elbow"
            ),
        ),
    ),
    Adjuster(
        "knee",
        ("{s}_leg",),
        "{s} knee angle",
        -1,
        Wordings(
            "(bend|flex|fold) the {s} knee {much}",
            "bend the {s} leg {much} at the knee",
            "let the {s} knee bend {much}",
            "(her|his|their) {s} knee should bend {much}",
        ),
        Wordings(
            "(straighten|extend|open|unbend|stretch) the {s} knee {much}",
            "(straighten|stretch) the {s} leg {much}",
            "{s} knee less bent, {much}",
            "take some bend out of the {s} knee, {much}",
        ),
        Wordings(
            "(set|put|bring) the {s} knee (to|at) {n}( degrees|°)",
            "{s} knee (at|to) {n}( degrees|°| deg)",
            "I want an angle of {n}( degrees|°) at the {s} knee",
            "make the {s} knee angle {n}( degrees|°)",
        ),
        (
            Wordings(
                "bend the {s} knee (by |another |){n}( degrees|°) more", "{n}( degrees|°) more bend in the {s} knee"
            ),
            Wordings("(straighten|open) the {s} knee by {n}( degrees|°)", "{n}( degrees|°) less bend in the {s} knee"),
        ),
    ),
    Adjuster(
        "head turn",
        ("torso",),
        "head turn left",
        1,
        Wordings(
            "turn the head {much} to the left",
            "(look|let them look|have them look) {much} to the left",
            "rotate the head {much} to the left",
            "head {much} left",
            "face {much} further left",
        ),
        Wordings(
            "turn the head {much} to the right",
            "(look|let them look|have them look) {much} to the right",
            "rotate the head {much} to the right",
            "head {much} right",
            "face {much} further right",
        ),
        None,
        (
            Wordings(
                "turn the head {n}( degrees|°) (further |more |)to the left", "rotate the head left by {n}( degrees|°)"
            ),
            Wordings(
                "turn the head {n}( degrees|°) (further |more |)to the right",
                "rotate the head right by {n}( degrees|°)",
            ),
        ),
    ),
    Adjuster(
        "head nod",
        ("torso",),
        "head nod",
        1,
        Wordings(
            "(lower|bow|drop|tip) the (head|chin) {much}",
            "(bend|nod) the head (down|forward) {much}",
            "chin (down|to the chest) {much}",
            "let the head (sink|hang) {much}",
        ),
        Wordings(
            "(raise|lift) the (head|chin) {much}", "(tip|tilt|lean) the head back {much}", "chin (up|higher) {much}"
        ),
    ),
    Adjuster(
        "head tilt",
        ("torso",),
        "head tilt left",
        1,
        Wordings(
            "(tilt|tip|cock|incline) the head {much} to the left",
            "bring the left ear {much} (closer to|towards) the left shoulder",
        ),
        Wordings(
            "(tilt|tip|cock|incline) the head {much} to the right",
            "bring the right ear {much} (closer to|towards) the right shoulder",
        ),
    ),
    Adjuster(
        "lean",
        ("torso",),
        "torso pitch",
        1,
        Wordings(
            "lean (the trunk |the upper body |the torso |)forward {much}",
            "bend (the spine |the back |)forward {much}",
            "(upper body|torso|trunk) {much} forward",
        ),
        Wordings(
            "lean (the trunk |the upper body |the torso |)back {much}",
            "(come|straighten) up {much} (with|in) the upper body",
            "(upper body|torso|trunk) {much} back",
        ),
        None,
        (
            Wordings("lean (the trunk |the torso |){n}( degrees|°) (further |more |)forward"),
            Wordings("lean (the trunk |the torso |){n}( degrees|°) (further |more |)back"),
        ),
    ),
    Adjuster(
        "side",
        ("torso",),
        "torso lean left",
        1,
        Wordings(
            "lean (the trunk |the upper body |the torso |){much} to the left",
            "bend sideways {much} to the left",
            "(upper body|torso) {much} to the left",
        ),
        Wordings(
            "lean (the trunk |the upper body |the torso |){much} to the right",
            "bend sideways {much} to the right",
            "(upper body|torso) {much} to the right",
        ),
    ),
    Adjuster(
        "twist",
        ("torso",),
        "shoulder twist left",
        1,
        Wordings(
            "(twist|turn|rotate) the (trunk|torso|upper body|shoulders) {much} to the left",
            "turn {much} to the left from the waist",
            "some twist to the left, {much}",
        ),
        Wordings(
            "(twist|turn|rotate) the (trunk|torso|upper body|shoulders) {much} to the right",
            "turn {much} to the right from the waist",
            "some twist to the right, {much}",
        ),
    ),
    Adjuster(
        "feet",
        ("left_leg", "right_leg"),
        "left foot to right foot distance",
        1,
        Wordings(
            "(put|set|move|place) the feet {much} (further|wider) apart",
            "feet {much} wider apart",
            "(widen|broaden) the stance {much}",
            "a wider stance, {much}",
            "spread the legs {much}",
        ),
        Wordings(
            "(put|set|move|bring) the feet {much} (closer|nearer) together",
            "feet {much} closer together",
            "narrow the stance {much}",
            "a narrower stance, {much}",
            "legs {much} closer together",
        ),
        unit="m",
    ),
    Adjuster(
        "hands",
        ("left_arm", "right_arm"),
        "left hand to right hand distance",
        1,
        Wordings(
            "(move|take|bring) the hands {much} further apart",
            "hands {much} (wider|further) apart",
            "open the arms {much}",
            "more (room|space) between the hands, {much}",
        ),
        Wordings(
            "(move|bring|take) the hands {much} closer together",
            "hands {much} (nearer|closer) to each other",
            "close the arms {much}",
            "less (room|space) between the hands, {much}",
        ),
        unit="m",
    ),
    Adjuster(
        "crouch",
        ("left_leg", "right_leg"),
        "hip height",
        -1,
        Wordings(
            "(sink|go|get|crouch|squat) (down |)(lower|deeper) {much}",
            "(lower|drop) the hips {much}",
            "hips (lower|down) {much}",
            "bend both knees {much}",
        ),
        Wordings(
            "(stand|come|rise) up {much}",
            "(raise|lift) the hips {much}",
            "hips (higher|up) {much}",
            "straighten both knees {much}",
        ),
        unit="%",
    ),
)
ADJUSTERS: dict[str, Adjuster] = {adjuster.name: adjuster for adjuster in _TABLE}
"""By name."""


def rounded(value: float) -> int:
    """A number as people ask for it: in fives."""
    return 5 * round(value / 5)


def number_request(rng: Random, adjuster: Adjuster, side: str, before: float, after: float) -> tuple[str, int, bool]:
    """A request with a number; empty where the adjuster has none.

    Returns:
        The text, the number, and whether it is what the measure is to be (else by how much it is to change).
    """
    steps = adjuster.steps(before, after)
    if adjuster.to is not None and (adjuster.by is None or yes(rng, 0.6)):
        return adjuster.to.say(rng, s=side, n=str(rounded(after))), rounded(after), True
    if adjuster.by is None or rounded(abs(steps)) < 2 * LEAST:
        return "", 0, False
    number = rounded(abs(steps))
    return adjuster.by[steps < 0].say(rng, s=side, n=str(number)), number, False
