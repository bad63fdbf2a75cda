"""Which reader a path on the command line wants: `kind:path`, or a path whose content gives the kind away."""

from collections.abc import Sequence
from pathlib import Path

from chatpose.corpus.amass import AmassFolder
from chatpose.corpus.humanml3d import HumanML3D
from chatpose.corpus.motion_folders import MotionFolder
from chatpose.corpus.packed_collection import PackedCollection
from chatpose.corpus.posescript import PoseFix, PoseScript
from chatpose.corpus.source import DEFAULT_FPS, Collection
from chatpose.errors import MissingFileError, UnreadableFileError

KINDS = ("amass", "bvh", "amc", "packed", "posescript", "posefix", "humanml3d")
NEED_AMASS = ("posescript", "posefix", "humanml3d")


def parse_source(text: str) -> tuple[str, Path]:
    """Kind and path of a source as it is written on the command line.

    Raises:
        MissingFileError: nothing there.
        UnreadableFileError: nothing that a reader knows.
    """
    kind, colon, rest = text.partition(":")
    if colon and kind in KINDS:
        return kind, Path(rest)
    path = Path(text)
    return guess_kind(path), path


def guess_kind(path: Path) -> str:
    """The kind that a file or folder seems to be.

    Raises:
        MissingFileError: nothing there.
        UnreadableFileError: an empty folder, or nothing that a reader knows.
    """
    if path.is_file() and path.suffix == ".npz":
        return "packed"
    if not path.is_dir():
        raise MissingFileError(f"no folder {path}", expected=f"a folder of {', '.join(KINDS)}")
    if any(path.glob("pair_id_2_pose_ids.json")):
        return "posefix"
    if any(path.glob("ids_2_dataset_sequence_and_frame_index*.json")):
        return "posescript"
    if (path / "index.csv").is_file() or (path / "texts").is_dir():
        return "humanml3d"
    for kind, suffix in (("amc", ".amc"), ("bvh", ".bvh"), ("amass", ".npz")):
        if next((found for found in path.rglob("*") if found.suffix.lower() == suffix), None):
            return kind
    raise UnreadableFileError(
        f"nothing in {path} that can be read", expected="npz, bvh or amc files, or a release of texts"
    )


def open_collection(
    kind: str, path: Path, *, amass: Path | None = None, fps: float = DEFAULT_FPS, name: str = ""
) -> Collection:
    """Opens a collection; only lists are read.

    Args:
        kind: one of `KINDS`.
        path: folder or file.
        amass: the folder with AMASS's sub-sets, for collections of texts.
        fps: poses a second that are taken from motions.
        name: of the collection; the folder's when absent.

    Raises:
        MissingFileError: the path or a file of the layout isn't there, or `amass` is needed.
        UnreadableFileError: not in the layout.
    """
    if kind in NEED_AMASS and amass is None:
        raise MissingFileError(f"{path} has texts, its poses are AMASS's", fix="say where with --amass FOLDER")
    if kind == "amass":
        return AmassFolder(path, fps=fps, name=name)
    if kind == "packed":
        return PackedCollection(path, name=name)
    if kind == "humanml3d" and amass:
        return HumanML3D(path, amass, fps=fps, name=name)
    if kind in ("posescript", "posefix") and amass:
        return (PoseScript if kind == "posescript" else PoseFix)(path, amass, name=name)
    return MotionFolder(path, kind, fps=fps, name=name)


def collection_names(paths: Sequence[Path]) -> list[str]:
    """A name for each path: what it is called itself, with the folder above where two would be called the same.

    Raises:
        UnreadableFileError: the same path twice.
    """
    places = [path.resolve() for path in paths]
    for place in places:
        if places.count(place) > 1:
            raise UnreadableFileError(f"{place} twice", expected="every source once")
    short = [place.stem if place.is_file() else place.name for place in places]
    return [
        name if short.count(name) == 1 else f"{place.parent.name}/{name}"
        for name, place in zip(short, places, strict=True)
    ]
