"""What a path that is to be imported holds: pose files, packed collections, releases of texts, photos."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from chatpose.corpus.amass import LICENCE as AMASS_LICENCE
from chatpose.corpus.amass import ORIGIN as AMASS_ORIGIN
from chatpose.corpus.open_collection import NEED_AMASS, guess_kind, open_collection
from chatpose.corpus.source import CollectionInfo
from chatpose.errors import ChatposeError, MissingFileError, UnreadableFileError
from chatpose.formats.registry import ReadOptions, readable_suffixes
from chatpose.perception.photo_files import SUFFIXES, is_photo
from chatpose.retrieval.photo_source import PhotosUnreadableError
from chatpose.retrieval.pose_source import CollectionSource, FileSource, PoseSource
from chatpose.safefiles import checked_file

UNKNOWN_LICENCE = "not stated: ask whoever made it"

_BODIES_ONLY = ("shape.npz", "_stagei.npz")
_TEXT_KINDS = ("posescript", "humanml3d")
"""Kinds of collections that a folder itself gives away; other folders are gone through file by file."""


@dataclass(frozen=True)
class Reading:
    """How paths are read.

    Attributes:
        options: of pose files.
        licence: of everything; what the layout tells when empty.
        collection: name of it all; what the layout tells when empty.
        amass: the folder with AMASS's sub-sets, for releases of texts.
        photo: makes a source of a photo, or raises when none can be read here; photos are refused without.
    """

    options: ReadOptions = field(default_factory=ReadOptions)
    licence: str = ""
    collection: str = ""
    amass: Path | None = None
    photo: Callable[[Path, str], PoseSource] | None = None


@dataclass(frozen=True)
class Found:
    """What a path holds.

    Attributes:
        sources: in the order of their names.
        left_out: what was passed over, a sentence each.
    """

    sources: Sequence[PoseSource]
    left_out: tuple[str, ...] = ()


def find_sources(text: str, reading: Reading | None = None) -> Found:
    """The sources of a file or a folder.

    Args:
        text: a path, or `kind:path` with a kind of `chatpose.corpus.open_collection`.
        reading: how they are read.

    Raises:
        MissingFileError: nothing there, or nothing in it.
        UnreadableFileError: a photo without perception, or of no kind that is read.
        PhotosUnreadableError: a photo, and the models aren't here; those in folders are left out then.
    """
    reading = reading or Reading()
    kind, colon, rest = text.partition(":")
    if colon and kind in ("packed", *_TEXT_KINDS):
        return Found(_of_collection(kind, Path(rest), reading))
    path = Path(text)
    if path.is_dir():
        return _of_folder(path.resolve(), reading)
    checked_file(path)
    if is_photo(path) and reading.photo is None:
        raise UnreadableFileError(
            f"{path} is a photo", expected="pose files or folders of them", fix="say with Reading.photo who looks at it"
        )
    path = path.resolve()
    return Found(list(_of_file(path, path.name, path.parent.name, reading)))


def _of_folder(folder: Path, reading: Reading) -> Found:
    """Every file below a folder that can hold poses."""
    kind = _kind_of(folder)
    if kind in _TEXT_KINDS:
        return Found(_of_collection(kind, folder, reading))
    wanted = (*readable_suffixes(), *(SUFFIXES if reading.photo else ()))
    sources: list[PoseSource] = []
    photos, reason = 0, "nobody was named who looks at them"
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.name.lower()
        if name.endswith(wanted) and not name.endswith(_BODIES_ONLY):
            told = f"{folder.name}/{path.relative_to(folder).as_posix()}"
            try:
                sources.extend(_of_file(path, told, folder.name, reading))
            except PhotosUnreadableError as error:
                photos, reason = photos + 1, str(error)
        photos += name.endswith(SUFFIXES) and reading.photo is None
    left_out = (f"{photos} photos in {folder} were left out: {reason}",) if photos else ()
    if not sources:
        raise MissingFileError(
            f"no pose file{' and no photo' if reading.photo else ''} in {folder}",
            expected=f"some of {', '.join(readable_suffixes())}",
            fix="; ".join(left_out),
        )
    return Found(sources, left_out)


def _of_file(path: Path, name: str, folder: str, reading: Reading) -> Iterator[PoseSource]:
    if reading.photo is not None and is_photo(path):
        yield reading.photo(path, name)
        return
    if path.suffix.lower() == ".npz" and _is_packed(path):
        yield from _of_collection("packed", path, reading)
        return
    is_amass = path.name.endswith(("_poses.npz", "_stageii.npz"))
    collection = reading.collection or (AMASS_ORIGIN if is_amass else folder)
    licence = reading.licence or (AMASS_LICENCE if is_amass else UNKNOWN_LICENCE)
    yield FileSource(path, name, collection, licence, reading.options)


def _of_collection(kind: str, path: Path, reading: Reading) -> list[PoseSource]:
    if kind in NEED_AMASS and reading.amass is None:
        raise MissingFileError(f"{path} has texts, its poses are AMASS's", fix="say where with --amass FOLDER")
    found = open_collection(kind, path, amass=reading.amass, name=path.stem if path.is_file() else path.name)
    origin, licence = reading.collection or found.info.origin, reading.licence or found.info.licence
    info = CollectionInfo(found.info.name, kind, origin, licence)
    return [CollectionSource(source, info, str(path.resolve())) for source in found.sources() if not source.is_pair]


def _kind_of(folder: Path) -> str:
    try:
        return guess_kind(folder)
    except ChatposeError:
        return ""


def _is_packed(path: Path) -> bool:
    """Whether an npz is packed motion capture: only its list of members is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "clips_json.npy" in archive.namelist()
    except (zipfile.BadZipFile, OSError):
        return False  # its reader says what is wrong
