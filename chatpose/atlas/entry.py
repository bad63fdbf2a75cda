"""`Entry`: one pose of the atlas as a person writes it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from chatpose.body.angle_table import mirrored_angle
from chatpose.body.angles import angles_to_pose
from chatpose.body.pose import Pose
from chatpose.posecodes.goals import Goal
from chatpose.posecodes.grammar import Statement

VOICES: Mapping[str, str] = {
    "coach": "a coach's instruction",
    "illustrator": "an illustrator's brief",
    "casual": "a casual remark",
    "precise": "a precise account, limb by limb",
    "indirect": "an indirect one that never names the pose",
    "query": "one or two words",
    "nonnative": "a clumsy non-native sentence",
    "question": "a question",
}
"""The voices that every entry is described in."""

FAMILIES: tuple[str, ...] = (
    "standing", "gestures", "sitting", "kneeling", "squatting", "lying", "all-fours", "yoga", "exercise", "stretching",
    "gymnastics", "dance", "martial-arts", "ball-sports", "athletics", "winter-sports", "water-sports", "climbing",
    "work", "daily", "transport", "music", "emotions", "social", "iconic", "play", "falls",
)  # fmt: skip

HOLDERS: tuple[str, ...] = ("chair", "wall", "bar", "bike", "rope", "water", "air", "partner", "motion", "prop")
"""What besides the floor carries a body; "air" and "motion" are frozen moments of a movement."""

TEST_VOICES = 2
"""Descriptions of a training entry that are kept for testing."""


@dataclass(frozen=True)
class Description:
    """One sentence or query about a pose, and who speaks."""

    voice: str
    text: str


@dataclass(frozen=True)
class Entry:
    """A pose with its names, what makes it true, and how people speak of it; its mirror image is the same entry.

    Attributes:
        id: lower-case words joined by hyphens, unique in the atlas.
        names: the canonical one first.
        family: one of `FAMILIES`.
        angles: clinical angles by name, degrees, sides written out; the rest is zero (`chatpose.body.angle_table`).
        goals: contacts and distances that the compiled pose reaches.
        must: statements that hold for the pose; together they make it this pose.
        must_not: statements that would make it another.
        held_by: one of `HOLDERS`, or empty for a body that has to balance on its own.
        tags: activities that it is a moment of ("run").
        descriptions: in the order of the file.
        origin: file and line where it was read; empty for a compiled one.
    """

    id: str
    names: tuple[str, ...]
    family: str
    angles: Mapping[str, float]
    goals: tuple[Goal, ...]
    must: tuple[Statement, ...]
    must_not: tuple[Statement, ...]
    held_by: str
    tags: tuple[str, ...]
    descriptions: tuple[Description, ...]
    origin: str = ""

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.names[0]

    @property
    def claims(self) -> tuple[Statement, ...]:
        """Everything that has to hold: what must, and the denial of what must not."""
        return (*self.must, *(Statement(statement.code, not statement.negated) for statement in self.must_not))

    def start(self) -> Pose:
        """The pose that the angles alone give, not yet on the floor."""
        return angles_to_pose(self.angles)

    def mirrored_angles(self) -> dict[str, float]:
        """The angles of the mirror image."""
        pairs = ((mirrored_angle(name), value) for name, value in self.angles.items())
        return {twin: sign * value for (twin, sign), value in pairs}

    def test_descriptions(self) -> tuple[Description, ...]:
        """Those that no model may be trained on where the entry itself is for training: the first of two voices."""
        return tuple(self._split()[1])

    def training_descriptions(self) -> tuple[Description, ...]:
        """The others."""
        return tuple(self._split()[0])

    def _split(self) -> tuple[list[Description], list[Description]]:
        voices = held_out_voices(self.id)
        kept, held_out = [], []
        for description in self.descriptions:
            first = description.voice in voices and all(one.voice != description.voice for one in held_out)
            (held_out if first else kept).append(description)
        return kept, held_out

    def texts(self) -> Iterator[str]:
        """Names and descriptions."""
        yield from self.names
        yield from (description.text for description in self.descriptions)


def held_out_voices(entry_id: str) -> tuple[str, ...]:
    """Voices whose first description is kept for testing, drawn from the entry's id: stable when texts are added."""
    ranked = sorted(VOICES, key=lambda voice: hashlib.sha256(f"{entry_id}/{voice}".encode()).digest())
    return tuple(ranked[:TEST_VOICES])
