"""What a library knows of a pose beside the pose."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RowName:
    """One name of a pose.

    Attributes:
        name: as it is said.
        score: 0 to 1; 1 for a name that whoever brought the pose gave it.
        entry: id of the atlas entry; empty for a given name.
        mirrored: whether the pose is the mirror image of the entry.
    """

    name: str
    score: float = 1.0
    entry: str = ""
    mirrored: bool = False

    def as_json(self) -> dict[str, Any]:
        """The contract's object."""
        return {"name": self.name, "score": self.score, "id": self.entry, "mirrored": self.mirrored}


@dataclass(frozen=True)
class SourceFacts:
    """One file, recording or list that poses came from.

    Attributes:
        fingerprint: of its content; the same content under another name is the same source.
        name: unique in the library; ids of poses begin with it.
        file: where it lay.
        collection: what it belongs to.
        licence: its terms in a sentence.
    """

    fingerprint: str
    name: str
    file: str
    collection: str
    licence: str


@dataclass(frozen=True)
class NewRow:
    """A pose on its way in.

    Attributes:
        fingerprint: of its source.
        frame: of the source.
        shape_space: body that its betas belong to.
        names: the best first.
        description: what its source says of it; empty where nothing.
        own_id: the id that whoever brought it gave it; empty where the library makes one.
    """

    fingerprint: str
    frame: int
    shape_space: str = "open"
    names: tuple[RowName, ...] = ()
    description: str = ""
    own_id: str = ""


@dataclass(frozen=True)
class LibraryRow:
    """A pose of a library.

    Attributes:
        key: row of vectors and statement bits; never given to another pose.
        id: stable and unique, "walk.bvh#120" or the one it came with.
        names: the best first.
        description: what its source says of it, "salsa dance"; empty where nothing. Captions are made when asked for.
        source: collection that it came with.
        licence: terms of the source.
        file: that it was read from.
        frame: of the file.
        shape_space: body that its betas belong to.
    """

    key: int
    id: str
    names: tuple[RowName, ...] = field(default=())
    description: str = ""
    source: str = ""
    licence: str = ""
    file: str = ""
    frame: int = 0
    shape_space: str = "open"


def row_id(source: str, frame: int, own_id: str) -> str:
    """The id of a pose."""
    return own_id or f"{source}#{frame}"
