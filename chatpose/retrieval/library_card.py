"""`library.json`: which embedder and which posecodes a library was made with."""

import json
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

from chatpose.retrieval.embedding import PoseTextEmbedder
from chatpose.retrieval.library_errors import REPAIR, DamagedLibraryError, NoLibraryError, OtherEmbedderError
from chatpose.retrieval.library_files import CARD, SEGMENTS, shown, write_durably
from chatpose.retrieval.statement_bits import codes_fingerprint, statement_bytes
from chatpose.safefiles import read_limited

KIND, VERSION = "chatpose-library", 1
_MAX_BYTES = 2**16


@dataclass(frozen=True)
class LibraryCard:
    """What vectors and bits of a library mean.

    Attributes:
        id: of the library, made with it; another one after a repair.
        dimension: of its vectors.
        embedder: fingerprint of the embedder.
        statements: fingerprint of the posecodes whose bits are kept.
        statement_bytes: width of a row of bits.
    """

    id: str
    dimension: int
    embedder: str
    statements: str
    statement_bytes: int

    @classmethod
    def new(cls, embedder: PoseTextEmbedder) -> "LibraryCard":
        """For a library with this embedder and today's posecodes."""
        return cls(uuid.uuid4().hex, embedder.dimension, embedder.fingerprint, codes_fingerprint(), statement_bytes())

    def save(self, folder: Path) -> None:
        """Writes it; a folder is a library from then on.

        Raises:
            UnwritableFileError: not there.
        """
        text = json.dumps({"kind": KIND, "version": VERSION, **asdict(self)}, indent=2) + "\n"
        write_durably(folder / CARD, text.encode())

    @classmethod
    def load(cls, folder: Path) -> "LibraryCard":
        """Reads it.

        Raises:
            NoLibraryError: the folder isn't there or is no library.
            DamagedLibraryError: the card can't be read, or is of another version of chatpose.
        """
        if not folder.is_dir():
            raise NoLibraryError(
                f"no library {shown(folder)}", fix="make one: chatpose library add PATH… --library FOLDER"
            )
        if not (folder / CARD).is_file():
            if (folder / SEGMENTS).is_dir() and any((folder / SEGMENTS).glob("*.safetensors")):
                raise DamagedLibraryError(f"{shown(folder)} has lost its {CARD}", fix=REPAIR)
            raise NoLibraryError(f"{shown(folder)} is no library: it holds no {CARD}", fix="name a library's folder")
        try:
            row = json.loads(read_limited(folder / CARD, max_bytes=_MAX_BYTES))
            if row["kind"] != KIND:
                raise NoLibraryError(f"{shown(folder)} is no library: its {CARD} is of another kind")
            version = int(row["version"])
            card = cls(
                str(row["id"]),
                int(row["dimension"]),
                str(row["embedder"]),
                str(row["statements"]),
                int(row["statement_bytes"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedLibraryError(f"{shown(folder / CARD)} can't be read: {error!r}", fix=REPAIR) from error
        if version != VERSION:
            raise DamagedLibraryError(
                f"{shown(folder)} is a library of version {version}", expected=f"version {VERSION}", fix=REPAIR
            )
        return card

    def check_embedder(self, embedder: PoseTextEmbedder) -> None:
        """Refuses another embedder.

        Raises:
            OtherEmbedderError: of another fingerprint or width.
        """
        if (embedder.fingerprint, embedder.dimension) != (self.embedder, self.dimension):
            raise OtherEmbedderError(
                f"the library's vectors are of embedder {self.embedder[:12]}, this is {embedder.fingerprint[:12]}",
                fix="search with that embedder, or embed the poses anew: chatpose library repair",
            )

    def check_statements(self) -> None:
        """Refuses bits of other posecodes than today's.

        Raises:
            DamagedLibraryError: the library was made with another version of them.
        """
        if self.statements != codes_fingerprint() or self.statement_bytes != statement_bytes():
            raise DamagedLibraryError(
                "the library's statements were measured by another version of chatpose", fix=REPAIR
            )
