"""What a conversation holds: poses, photos and hits of searches, each with a number that people can say."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from chatpose.body.pose import Pose
from chatpose.body.skeleton import SMPL
from chatpose.formats.clip import PoseClip
from chatpose.formats.pose_json import pose_to_json
from chatpose.perception.person import PhotoPerson
from chatpose.posecodes.check import Check
from chatpose.posecodes.instructions.follow import LastEdit
from chatpose.retrieval.hit import SearchHit
from chatpose.shapes import Joints24

SOURCES = ("generated", "edited", "file", "photo", "library", "mirrored", "blended", "model")
"""Where poses come from."""
MAX_TITLE = 80


@dataclass(frozen=True)
class CheckedStatement:
    """One statement about one pose, measured; what is shown and saved of a `Check`.

    Attributes:
        statement: in the grammar's form.
        holds: None where it can't be told.
        measured: the measure that decides and its value, "left knee angle 92°"; None where there is none.
        margin: by how much it holds or misses; None where it can't be told.
        why: "said", or the name of the pose that it belongs to; "measured" for what was only looked at.
    """

    statement: str
    holds: bool | None
    measured: str | None = None
    margin: str | None = None
    why: str = "said"

    @classmethod
    def of(cls, check: Check, why: str = "said") -> "CheckedStatement":
        """From a measurement."""
        return cls.of_row(check.as_json(), why)

    @classmethod
    def of_row(cls, row: Mapping[str, Any], why: str = "said") -> "CheckedStatement":
        """From a row of the contract."""
        return cls(row["statement"], row["holds"], row.get("measured"), row.get("margin"), row.get("why", why))

    def as_json(self) -> dict[str, Any]:
        """The contract's row, with the reason."""
        return {
            "statement": self.statement,
            "holds": self.holds,
            "measured": self.measured,
            "margin": self.margin,
            "why": self.why,
        }


@dataclass(frozen=True, eq=False)
class Sighting:
    """How well the person of a photo was seen.

    Attributes:
        photo: number of the photo.
        person: from 1, the largest first.
        visible: (24,) bool, joints that anything may be said of.
        confidence: mean over the visible joints, 0 to 1.
        unseen: parts that nothing is said of, such as "both legs".
        notes: what was assumed, in sentences.
        found: the estimate with landmarks and camera; None in a conversation that was loaded.
    """

    photo: int
    person: int
    visible: Tensor
    confidence: float
    unseen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    found: PhotoPerson | None = None

    def as_json(self) -> dict[str, Any]:
        """What is known of it."""
        hidden = [name for name, seen in zip(SMPL.joint_names, self.visible.tolist(), strict=True) if not seen]
        return {
            "photo": self.photo,
            "person": self.person,
            "confidence": round(self.confidence, 3),
            "not_visible": hidden,
            "not_spoken_of": list(self.unseen),
            "notes": list(self.notes),
        }

    @staticmethod
    def joints_seen(hidden: Sequence[str]) -> Tensor:
        """(24,) bool from the names of joints that weren't visible."""
        return torch.tensor([name not in hidden for name in SMPL.joint_names])


@dataclass(frozen=True, eq=False)
class PoseItem:
    """One pose of the conversation.

    Attributes:
        number: from 1, never given twice.
        title: what to call it beside its number.
        pose: one, without batch axes, of the body of the conversation.
        joints: (24, 3) metres, y up.
        source: one of `SOURCES`.
        description: in words; all that they claim was measured.
        names: what it is called, the surest first; empty where no common name fits.
        checks: statements that were wanted, measured; empty where nothing was wanted.
        clip: all frames of the file that it came from; None for single poses.
        frame: of the clip.
        seen: for poses out of photos.
        parent: number of the pose that it was made from.
        plan: statements that were wanted.
        prompt: words that it was made from.
        score: of a generated pose or a hit, 0 to 1.
        library_id: of a pose of the library.
        notes: what is to be known of it, sentences.
        edited: the edit that made it, which "the other one too" is about; None in a conversation that was loaded.
    """

    number: int
    title: str
    pose: Pose
    joints: Joints24
    source: str
    description: str = ""
    names: tuple[str, ...] = ()
    checks: tuple[CheckedStatement, ...] = ()
    clip: PoseClip | None = None
    frame: int = 0
    seen: Sighting | None = None
    parent: int | None = None
    plan: tuple[str, ...] = ()
    prompt: str = ""
    score: float | None = None
    library_id: str = ""
    notes: tuple[str, ...] = ()
    edited: LastEdit | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What it is called in the conversation: "pose 2"."""
        return f"pose {self.number}"

    @property
    def held(self) -> int:
        """How many of the statements that were wanted hold."""
        return sum(row.holds is True for row in self.checks)

    def as_json(self) -> dict[str, Any]:
        """The contract's object, and what the conversation knows of it."""
        row: dict[str, Any] = {
            "name": self.name,
            "number": self.number,
            "title": self.title,
            "source": self.source,
            "pose": pose_to_json(self.pose, self.joints),
            "names": list(self.names),
            "description": self.description,
            "checks": [one.as_json() for one in self.checks],
            "score": self.score,
            "parent": self.parent,
            "notes": list(self.notes),
        }
        if self.seen is not None:
            row["seen"] = self.seen.as_json()
        if self.library_id:
            row["library_id"] = self.library_id
        return row


@dataclass(frozen=True, eq=False)
class PhotoItem:
    """One photo of the conversation.

    Attributes:
        number: from 1, never given twice.
        title: the file's name as the person gave it, shortened.
        content: the file's bytes; None where they weren't kept.
        looked_at: whether people were looked for.
        poses: numbers of the poses of its people, the largest person first.
    """

    number: int
    title: str
    content: bytes | None = field(default=None, repr=False)
    looked_at: bool = False
    poses: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """What it is called in the conversation."""
        return f"photo {self.number}"


@dataclass(frozen=True, eq=False)
class Hit:
    """One pose that a search found.

    Attributes:
        id: of the library.
        name: its best name; may be empty.
        names: all of them as the contract's objects.
        score: 0 to 1.
        description: in words.
        source: where the library has it from.
        pose: without batch axes, as it answers the query.
        joints: (24, 3) metres, y up.
        mirrored: whether it is the mirror image of the library's pose.
        distance_mm: from the pose that was asked for; None when words were.
        folded: near-duplicates that it stands for.
    """

    id: str
    name: str
    names: tuple[dict[str, Any], ...]
    score: float
    description: str
    source: str
    pose: Pose
    joints: Joints24
    mirrored: bool = False
    distance_mm: float | None = None
    folded: int = 0

    @classmethod
    def of(cls, hit: SearchHit) -> "Hit":
        """From the answer of a searcher."""
        row = hit.as_json()
        return cls(
            hit.id,
            hit.name,
            tuple(row["names"]),
            hit.score,
            hit.description,
            str(hit.row.source),
            hit.pose,
            hit.joints,
            hit.mirrored,
            hit.distance_mm,
            hit.folded,
        )

    @property
    def called(self) -> str:
        """What to call it: its name, or else how its description begins."""
        if self.name or not self.description:
            return self.name or self.id
        clauses = [one.rstrip(".") for one in re.split(r"[.;,] ", self.description)]
        first = next((one for one in clauses if not re.search(r"(?i)\b(?:gaze|head|face)\b", one)), clauses[0])
        first = re.sub(
            r"^(?:(?:this|the|a|an) )?(?:person|figure|body|someone|somebody|they) (?:is|are) ", "", first, flags=re.I
        )
        return short_title(first[:1].lower() + first[1:], self.id)

    def as_json(self) -> dict[str, Any]:
        """The contract's object."""
        return {
            "id": self.id,
            "names": list(self.names),
            "score": round(self.score, 4),
            "description": self.description,
            "source": self.source,
            "pose": pose_to_json(self.pose, self.joints),
            "mirrored": self.mirrored,
            "distance_mm": None if self.distance_mm is None else round(self.distance_mm, 1),
            "folded": self.folded,
        }


@dataclass(frozen=True, eq=False)
class HitList:
    """The answer of one search.

    Attributes:
        number: from 1, never given twice.
        query: in words.
        hits: the best first.
    """

    number: int
    query: str
    hits: tuple[Hit, ...]


def short_title(text: str, otherwise: str = "", most: int = MAX_TITLE) -> str:
    """A title on one line, at most so many characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split()) or otherwise
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
