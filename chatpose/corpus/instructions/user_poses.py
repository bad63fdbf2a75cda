"""A user's own poses with texts: a folder of pose files, or a corpus (`chatpose.corpus.build`).

A text of `walk.npz` stands in `walk.txt` beside it, one a line, or in `texts.tsv` of the folder: the file's name, the
frame or nothing, and the text, with tabs between. Files without texts give poses, too. Texts are what a person may ask
for; what is said of a pose in answers is measured.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chatpose.body.pose import Pose, concatenate_poses, stack_poses
from chatpose.corpus.text_files import malformed, read_text
from chatpose.errors import ChatposeError, MissingFileError

TABLE = "texts.tsv"
MAX_CHARS = 1000
VALIDATION_SHARE = 1 / 11
_COLUMNS = (2, 3)


@dataclass(frozen=True, eq=False)
class UserPoses:
    """Poses of a user.

    Attributes:
        poses: (N,).
        texts: of each, possibly none.
        problems: what was left out and why.
    """

    poses: Pose
    texts: tuple[tuple[str, ...], ...]
    problems: tuple[str, ...]


def read_user_poses(folder: Path, split: str, *, skip_bad: bool = False) -> UserPoses:
    """Reads a folder.

    Args:
        folder: with pose files and texts, or a corpus.
        split: "train" or "validation"; an eleventh of the files, by a hash of the name, is for validation. A corpus
            has its own splits.
        skip_bad: leave malformed lines and files that can't be read out and say so in `problems`.

    Raises:
        MissingFileError: no such folder, or nothing in it.
        UnreadableFileError: a malformed line, with file and number, or a pose file that can't be read.
    """
    if (folder / "corpus.json").is_file():
        return _from_corpus(folder, split)
    if not folder.is_dir():
        raise MissingFileError(f"no folder {folder}", expected="a folder of pose files with texts")
    return _Reader(folder, skip_bad).read(split)


class _Reader:
    def __init__(self, folder: Path, skip_bad: bool) -> None:
        self.folder, self.skip_bad = folder, skip_bad
        self.problems: list[str] = []

    def read(self, split: str) -> UserPoses:
        """Files in the order of their names, each with the frames that texts speak of, or its first."""
        from chatpose.formats.registry import load

        told = self._texts()
        poses, texts = [], []
        names = [
            path for path in sorted(self.folder.rglob("*")) if path.is_file() and path.suffix not in _TEXT_SUFFIXES
        ]
        if not names:
            raise MissingFileError(f"no pose files in {self.folder}")
        for path in names:
            name = path.relative_to(self.folder).as_posix()
            by_frame = told.pop(name, None) or told.pop(str(Path(name).with_suffix("")), {})
            if _is_validation(name) != (split == "validation"):
                continue
            try:
                clip = load(path).pose
                clip = clip if clip.batch_shape else stack_poses([clip])
                for frame, several in (by_frame or {0: []}).items():
                    if not 0 <= frame < len(clip):
                        raise malformed(self.folder / TABLE, 0, f"frame {frame} of {name}", f"0 to {len(clip) - 1}")
                    poses.append(clip[frame])
                    texts.append(tuple(several))
            except ChatposeError as error:
                self._problem(error)
        for name in told:
            self._problem(MissingFileError(f"texts of {name}, which isn't in {self.folder}"))
        return UserPoses(stack_poses(poses) if poses else Pose.identity((0,)), tuple(texts), tuple(self.problems))

    def _texts(self) -> dict[str, dict[int, list[str]]]:
        """Texts by file and frame."""
        found: dict[str, dict[int, list[str]]] = {}
        table = self.folder / TABLE
        rows = list(self._table(table)) if table.is_file() else []
        for path in sorted(self.folder.rglob("*.txt")):
            name = path.relative_to(self.folder).with_suffix("").as_posix()
            rows += [(name, 0, text) for text in self._lines(path)]
        for name, frame, text in rows:
            found.setdefault(name, {}).setdefault(frame, []).append(text)
        return found

    def _table(self, path: Path) -> Iterator[tuple[str, int, str]]:
        for number, line in enumerate(read_text(path).splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            columns = [column.strip() for column in line.split("\t")]
            frame = columns[1] if len(columns) == max(_COLUMNS) else "0"
            if len(columns) not in _COLUMNS or not (frame or "0").isdigit() or not columns[0]:
                expected = "file, frame and text with tabs between"
                self._problem(malformed(path, number, repr(line[:60]), expected))
            elif text := self._checked(path, number, columns[-1]):
                yield columns[0], int(frame or 0), text

    def _lines(self, path: Path) -> Iterator[str]:
        for number, line in enumerate(read_text(path).splitlines(), 1):
            if line.strip() and (text := self._checked(path, number, line.strip())):
                yield text

    def _checked(self, path: Path, number: int, text: str) -> str:
        if 0 < len(text) <= MAX_CHARS and text.isprintable():
            return text
        self._problem(malformed(path, number, repr(text[:60]), f"a text of 1 to {MAX_CHARS} printable characters"))
        return ""

    def _problem(self, error: ChatposeError) -> None:
        if not self.skip_bad:
            raise error
        self.problems.append(str(error))


_TEXT_SUFFIXES = frozenset((".txt", ".tsv", ".md", ".json5", ""))


def _is_validation(name: str) -> bool:
    return hashlib.sha256(f"user/{name}".encode()).digest()[0] < 256 * VALIDATION_SHARE


def _from_corpus(folder: Path, split: str) -> UserPoses:
    """Poses of a corpus with texts of their own, and as many without."""
    from chatpose.corpus.artefact import Corpus

    poses, texts = [], []
    for rows in Corpus(folder).batches(split=split):
        chosen = [place for place, role in enumerate(rows.role) if role == "pose"]
        if chosen:
            part = rows.select(chosen)
            poses.append(part.pose)
            texts += list(part.texts)
    return UserPoses(concatenate_poses(poses) if poses else Pose.identity((0,)), tuple(map(tuple, texts)), ())
