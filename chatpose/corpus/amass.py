"""AMASS folders: `<sub-set>/<person>/<sequence>.npz`, any part of them, z up.

Layouts of the site's downloads, SMPL-H (`…_poses.npz`) and SMPL-X (`…_stageii.npz`); `shape.npz` and `…_stagei.npz`
hold bodies without motion and are passed over. (Mahmood et al., AMASS, ICCV 2019.)
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from chatpose.corpus.source import (
    DEFAULT_FPS,
    CollectionInfo,
    PoseRows,
    Source,
    file_fingerprint,
    files_under,
    frame_step,
    plain_rows,
)
from chatpose.corpus.subjects import amass_subject
from chatpose.errors import InvalidPoseError, MissingFileError
from chatpose.formats.clip import PoseClip
from chatpose.formats.registry import ReadOptions, load

LICENCE = "AMASS licence: non-commercial research only; every sub-set adds terms of its own"
ORIGIN = "AMASS, amass.is.tue.mpg.de (Mahmood et al., ICCV 2019), downloaded by the user"

_BODIES_ONLY = ("shape.npz", "_stagei.npz")
_ENDINGS = ("_poses.npz", "_stageii.npz")
# Sub-sets whose folder was renamed between the editions of AMASS, old to new.
_RENAMED: Mapping[str, str] = {
    "BioMotionLab_NTroje": "BMLrub", "DFaust_67": "DFaust", "MPI_HDM05": "HDM05", "MPI_Limits": "PosePrior",
    "MPI_mosh": "MoSh", "SSM_synced": "SSM", "TCD_handMocap": "TCDHands", "Transitions_mocap": "Transitions",
}  # fmt: skip


class AmassFolder:
    """AMASS, a sub-set, or one person's folder.

    Args:
        folder: where it lies.
        fps: poses a second that are taken.
        name: of the collection; the folder's when absent.

    Raises:
        MissingFileError: no such folder, or no npz in it.
    """

    problems: tuple[str, ...] = ()

    def __init__(self, folder: Path, *, fps: float = DEFAULT_FPS, name: str = "") -> None:
        self.folder = folder.resolve()
        self.fps = fps
        self.info = CollectionInfo(name or self.folder.name, "amass", ORIGIN, LICENCE)
        self._files = [path for path in files_under(self.folder, (".npz",)) if not path.name.endswith(_BODIES_ONLY)]

    def sources(self) -> Iterator[Source]:
        """A source a file."""
        for path in self._files:
            yield Source(
                path.relative_to(self.folder).as_posix(),
                (self.subject(path),),
                lambda path=path: self._read(path),
                lambda path=path: file_fingerprint(path),
            )

    def subject(self, path: Path) -> str:
        """The person of a file in it."""
        return amass_subject(path.relative_to(self.folder.parent.parent))

    def _read(self, path: Path) -> PoseRows:
        clip = read_amass(path)
        frames = np.arange(0, len(clip), frame_step(clip.fps, self.fps))
        return plain_rows(clip.pose[frames], frames)


class AmassFiles:
    """Finds the AMASS files that lists of poses name, whichever edition of AMASS there is.

    Args:
        folder: the one that holds the sub-sets.

    Raises:
        MissingFileError: no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise MissingFileError(f"no folder {folder}", expected="the folder with AMASS's sub-sets")
        self.folder = folder.resolve()

    def find(self, listed: str) -> Path | None:
        """The file of a path as the first edition has it, "CMU/01/01_01_poses.npz"; None where it isn't there.

        Paths that lead out of the folder aren't followed.
        """
        parts = [part for part in PurePosixPath(listed.replace("\\", "/")).parts if part not in (".", "/")]
        if not parts or ".." in parts:
            return None
        for subset in dict.fromkeys((parts[0], _RENAMED.get(parts[0], parts[0]))):
            for above in ((subset,), (subset, subset)):  # some archives unpack to CMU/CMU
                for file in _file_names(parts[-1]):
                    path = self._below((*above, *parts[1:-1]), file)
                    if path is not None:
                        return path
        return None

    def subject(self, path: Path) -> str:
        """The person of a file in it."""
        return amass_subject(path.relative_to(self.folder.parent))

    def _below(self, folders: tuple[str, ...], file: str) -> Path | None:
        for names in ((*folders, file), tuple(name.replace(" ", "_") for name in (*folders, file))):
            if names[:-1] and self._folders.setdefault(names[:-1], self.folder.joinpath(*names[:-1]).is_dir()):
                path = self.folder.joinpath(*names)
                if path.is_file():
                    return path
        return None

    @cached_property
    def _folders(self) -> dict[tuple[str, ...], bool]:
        return {}


def _file_names(listed: str) -> list[str]:
    """The file's name in both editions, the listed one first."""
    stem = listed
    for ending in (*_ENDINGS, "_poses.npy", ".npz", ".npy"):
        if stem.endswith(ending):
            stem = stem.removesuffix(ending)
            break
    names = [stem + ending for ending in _ENDINGS]
    return [listed, *names] if listed.endswith(".npz") and listed not in names else names


def read_amass(path: Path) -> PoseClip:
    """A clip of an AMASS file.

    Raises:
        UnreadableFileError: no poses in it, damaged or unsafe.
        InvalidPoseError: numbers that are no poses.
    """
    return load(path, ReadOptions(up=None, shape_space=None))


def chosen_frames(clip: PoseClip, frames: np.ndarray, path: Path) -> PoseClip:
    """A clip's frames by number.

    Raises:
        InvalidPoseError: the file has fewer frames than the list that names them.
    """
    if len(frames) and (frames.min() < 0 or frames.max() >= len(clip)):
        raise InvalidPoseError(
            f"{path.name} has {len(clip)} frames, none of number {int(frames.max())}",
            expected="the edition of AMASS that the texts were written for",
        )
    return PoseClip(clip.pose[frames], layout=clip.layout, shape_space=clip.shape_space)
