"""More ways to speak of the atlas' training entries (data/sentences): one sentence a line, `id<TAB>voice<TAB>text`.

Entries carry a few sentences that were read beside their pictures and that tests use; these are many more, written from
the entries' names and measured statements alone, for training only. Test entries have none.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chatpose.atlas.entry import VOICES
from chatpose.errors import MissingFileError, UnreadableFileError
from chatpose.resources import asset
from chatpose.safefiles import read_limited

MAX_FILE_BYTES = 4 * 2**20
MAX_CHARS = 400
_COLUMNS = 3


@dataclass(frozen=True)
class Sentence:
    """One of them.

    Attributes:
        entry: id of the atlas entry.
        voice: one of `atlas.entry.VOICES`.
        text: the words; left and right are the body's.
    """

    entry: str
    voice: str
    text: str


def read_sentences(folder: Path | None = None) -> tuple[Sentence, ...]:
    """All sentences of a folder's `*.tsv`, in the order of the files' names; those of chatpose when None.

    Raises:
        MissingFileError: no such file there.
        UnreadableFileError: a line that isn't a sentence, with its file and number.
    """
    folder = asset("data", "sentences") if folder is None else folder
    files = sorted(folder.glob("*.tsv"))
    if not files:
        raise MissingFileError(f"no sentences in {folder}", expected="files *.tsv")
    return tuple(sentence for file in files for sentence in _read(file))


def by_entry(sentences: Iterable[Sentence]) -> dict[str, tuple[Sentence, ...]]:
    """Sentences by the id of their entry."""
    found: dict[str, list[Sentence]] = {}
    for sentence in sentences:
        found.setdefault(sentence.entry, []).append(sentence)
    return {key: tuple(several) for key, several in found.items()}


def _read(file: Path) -> Iterator[Sentence]:
    try:
        lines = read_limited(file, max_bytes=MAX_FILE_BYTES).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"{file} isn't UTF-8: {error}") from error
    for number, line in enumerate(lines, 1):
        columns = line.split("\t")
        if len(columns) != _COLUMNS:
            raise UnreadableFileError(f"{file}:{number}: {len(columns)} columns", expected="id, voice and text")
        entry, voice, text = columns
        if voice not in VOICES:
            raise UnreadableFileError(f"{file}:{number}: voice {voice!r}", expected=", ".join(VOICES))
        if text != text.strip() or not text or len(text) > MAX_CHARS:
            raise UnreadableFileError(
                f"{file}:{number}: {text[:60]!r}", expected=f"a text of 1 to {MAX_CHARS} characters"
            )
        yield Sentence(entry, voice, text)
