"""HumanML3D's sentences about stretches of motion, with the poses out of AMASS.

Layout: `index.csv` (source_path, start_frame, end_frame, new_name), frames counted at 20 a second after the start that
some sub-sets begin with was cut off; `texts/<new_name>.txt`, a line `sentence#words/tags#from#to`, seconds, both 0
for the whole stretch. Its mirrored copies ("M…") are left to augmentation, its HumanAct12 part has joint positions
only. (Guo et al., Generating Diverse and Natural 3D Human Motions From Text, CVPR 2022.)
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chatpose.corpus.amass import AmassFiles, chosen_frames, read_amass
from chatpose.corpus.source import DEFAULT_FPS, CollectionInfo, PoseRows, Source, file_fingerprint, frame_step
from chatpose.corpus.text_files import malformed, read_csv, read_text
from chatpose.errors import InvalidPoseError, MissingFileError

LICENCE = "texts: terms of the HumanML3D release; poses: AMASS licence, non-commercial research only"
ORIGIN = "HumanML3D (Guo et al., CVPR 2022) on motions of AMASS, downloaded by the user"

LIST_FPS = 20
_COLUMNS = ("source_path", "start_frame", "end_frame", "new_name")
# Seconds that are cut off the start of a sub-set's recordings (people standing for calibration).
_CUT_S: Mapping[str, float] = {
    "Eyes_Japan_Dataset": 3.0, "MPI_HDM05": 3.0, "TotalCapture": 1.0, "MPI_Limits": 1.0, "Transitions_mocap": 0.5,
}  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """A row of `index.csv`.

    Attributes:
        name: of the text file, without ending.
        path: the AMASS file.
        start: first frame, at 20 a second after the cut.
        end: frame after the last, or -1 for all but the last one.
        cut: frames cut off the start, at 20 a second.
    """

    name: str
    path: Path
    start: int
    end: int
    cut: int


@dataclass(frozen=True)
class Sentence:
    """A line of a text file; `start` and `end` in seconds from the start of the stretch, 0 and 0 for all of it."""

    text: str
    start: float
    end: float


class HumanML3D:
    """HumanML3D: a source a stretch of motion.

    Args:
        folder: with `index.csv` and `texts/`, or the one above.
        amass: the folder with AMASS's sub-sets.
        fps: poses a second that are taken.
        name: of the collection; the folder's when absent.

    Raises:
        MissingFileError: index or texts aren't there.
        UnreadableFileError: a line of the index isn't in the documented layout, by number.
    """

    def __init__(self, folder: Path, amass: Path, *, fps: float = DEFAULT_FPS, name: str = "") -> None:
        folder = folder.resolve()
        self.fps = fps
        self.info = CollectionInfo(name or folder.name, "humanml3d", ORIGIN, LICENCE)
        self.files = AmassFiles(amass)
        self.texts = _there(folder, "texts", Path.is_dir)
        self._stretches: list[Stretch] = []
        missing = positions = 0
        index = _there(folder, "index.csv", Path.is_file)
        for line, row in read_csv(index, _COLUMNS):
            listed = row["source_path"].removeprefix("./").removeprefix("pose_data/")
            start, end = (_whole(index, line, row[key]) for key in ("start_frame", "end_frame"))
            path = self.files.find(listed)
            if listed.startswith("humanact12"):
                positions += 1
            elif path is None:
                missing += 1
            else:
                cut = round(_CUT_S.get(listed.split("/")[0], 0) * LIST_FPS)
                self._stretches.append(Stretch(Path(row["new_name"]).stem, path, start, end, cut))
        total = missing + positions + len(self._stretches)
        self.problems = (
            *((f"{missing:,} of {total:,} motions are of AMASS files that aren't there",) if missing else ()),
            *((f"{positions:,} motions of HumanAct12 have joint positions only",) if positions else ()),
        )

    def sources(self) -> Iterator[Source]:
        """A source a stretch, in the order of the index."""
        for stretch in self._stretches:
            yield Source(
                stretch.name,
                (self.files.subject(stretch.path),),
                lambda stretch=stretch: self._read(stretch),
                lambda stretch=stretch: self._fingerprint(stretch),
            )

    def _text_path(self, stretch: Stretch) -> Path:
        return self.texts / f"{stretch.name}.txt"

    def _fingerprint(self, stretch: Stretch) -> str:
        part = f"{stretch.start} {stretch.end} {file_fingerprint(self._text_path(stretch))}"
        return file_fingerprint(stretch.path, part)

    def _read(self, stretch: Stretch) -> PoseRows:
        sentences = read_sentences(self._text_path(stretch))
        clip = read_amass(stretch.path)
        step = max(1, int((clip.fps or LIST_FPS) / LIST_FPS))
        listed = np.arange(0, len(clip), step)[stretch.cut :][stretch.start : stretch.end]
        if not len(listed):
            raise InvalidPoseError(
                f"{stretch.path.name} ends before frame {stretch.start}, where {stretch.name} starts",
                expected="the edition of AMASS that the texts were written for",
            )
        taken = np.arange(0, len(listed), frame_step(LIST_FPS, self.fps))
        frames = listed[taken]
        seconds = taken / LIST_FPS
        about = tuple(tuple(one.text for one in sentences if _covers(one, second)) for second in seconds)
        return PoseRows(chosen_frames(clip, frames, stretch.path).pose, frames, ((),) * len(frames), about)


def read_sentences(path: Path) -> list[Sentence]:
    """The sentences of a text file.

    Raises:
        UnreadableFileError: a line that isn't `sentence#words#from#to`, by number; no sentence at all.
    """
    found = []
    for line, text in enumerate(read_text(path).splitlines(), 1):
        if not text.strip():
            continue
        parts = text.strip().split("#")
        if len(parts) != 4 or not parts[0].strip():
            raise malformed(path, line, f"{text[:60]!r}", "sentence#words#from#to")
        try:
            start, end = (0.0 if math.isnan(float(part)) else float(part) for part in parts[2:])
        except ValueError as error:
            raise malformed(path, line, f"{'#'.join(parts[2:])[:40]!r} aren't seconds", "two numbers") from error
        if not 0 <= start <= end < math.inf:
            raise malformed(path, line, f"from {start:g} s to {end:g} s", "an end after the start")
        found.append(Sentence(parts[0].strip(), start, end))
    if not found:
        raise malformed(path, 1, "no sentence", "sentence#words#from#to")
    return found


def _covers(sentence: Sentence, second: float) -> bool:
    return sentence.end == 0 or sentence.start <= second < sentence.end


def _there(folder: Path, name: str, is_there: Callable[[Path], bool]) -> Path:
    for place in (folder / name, folder / "HumanML3D" / name, folder.parent / name):
        if is_there(place):
            return place
    raise MissingFileError(f"no {name} in {folder}", fix="name the folder that holds it; texts.zip has to be unpacked")


def _whole(path: Path, line: int, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise malformed(path, line, f"{text[:40]!r} isn't a frame", "a whole number") from error
