"""The library that comes with chatpose, made ready on this machine when it is first searched.

What ships are poses (`shipped_poses`). Their vectors, statements and names depend on the embedder, the posecodes and
the atlas, so they are made here, some thousand poses a second, into the cache: one folder for each set of these. Such a
folder appears whole or not at all; two processes at once make it once. Nothing is written beside the installed package.
"""

import atexit
import contextlib
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from chatpose.atlas.naming import Namer
from chatpose.errors import ChatposeError
from chatpose.perception.model_files import cache_folder
from chatpose.posecodes.describe import Describer
from chatpose.resources import asset
from chatpose.retrieval.embedding import PoseTextEmbedder
from chatpose.retrieval.importer import Progress
from chatpose.retrieval.library import Library
from chatpose.retrieval.library_analysis import PoseAnalyser
from chatpose.retrieval.library_errors import BusyLibraryError, DamagedLibraryError, NoLibraryError
from chatpose.retrieval.library_files import CARD, TEMPORARY
from chatpose.retrieval.shipped_poses import ShippedPoses
from chatpose.retrieval.statement_bits import codes_fingerprint

FOLDER = "library"
"""In the cache."""
LOCK = "making.lock"
WAIT_SECONDS = 600
"""How long a process waits for another one that is making the same."""
KEPT = 4
"""Folders of other embedders and versions that stay in the cache, those used last."""
SURE = 0.7
"""Least score of a name that is told of a shipped pose: higher than for poses that somebody brought."""

Tell = Callable[[str], None]


def shipped_library(
    embedder: PoseTextEmbedder,
    *,
    poses: Path | None = None,
    describer: Describer | None = None,
    progress: Tell = lambda text: None,
) -> Path:
    """The folder of the shipped library with this embedder's vectors; made where it isn't there or is damaged.

    Args:
        embedder: that it will be searched with.
        poses: the folder of `ShippedPoses`; data/library when absent.
        describer: measures statements; of the open body when absent.
        progress: told when something is made, and how far it is.

    Raises:
        MissingFileError: chatpose came without the poses.
        UnreadableFileError: they are damaged.
        BusyLibraryError: another process has been making it for ten minutes.
    """
    shipped = ShippedPoses.load(poses)
    name = _version(shipped, embedder)
    root = cache_folder() / FOLDER
    if _is_good(root / name, embedder):
        return root / name
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _alone(root):
            if not _is_good(root / name, embedder):  # another process may have made it meanwhile
                _make(root, name, shipped, embedder, describer, progress)
                _tidy(root, name)
        return root / name
    except OSError as error:
        if isinstance(error, BusyLibraryError):
            raise
        reason = error.got if isinstance(error, ChatposeError) else error.strerror or str(error)
        progress(f"{root} can't be written ({reason}): the library is made for this run only")
    elsewhere = Path(tempfile.mkdtemp(prefix=TEMPORARY))
    atexit.register(shutil.rmtree, elsewhere, ignore_errors=True)
    _make(elsewhere, name, shipped, embedder, describer, progress)
    return elsewhere / name


def _version(shipped: ShippedPoses, embedder: PoseTextEmbedder) -> str:
    """Another name for everything that what is made depends on."""
    digest = hashlib.sha256(f"{shipped.fingerprint} {embedder.fingerprint} {codes_fingerprint()} {SURE}".encode())
    for file in ("atlas.json", "naming.json"):
        digest.update(asset("data", "atlas", "compiled", file).read_bytes())
    return digest.hexdigest()[:24]


def _is_good(folder: Path, embedder: PoseTextEmbedder) -> bool:
    """Whether a folder is a whole library; that it is used is noted for `_tidy`."""
    if not (folder / CARD).is_file():
        return False
    try:
        Library.open(folder, embedder).close()
    except (DamagedLibraryError, NoLibraryError):
        return False
    with contextlib.suppress(OSError):
        os.utime(folder)
    return True


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """One process at a time; the system takes the right back when it ends, however it ends."""
    lock = FileLock(root / LOCK, timeout=WAIT_SECONDS)
    try:
        lock.acquire()
    except Timeout as error:
        raise BusyLibraryError(
            f"another process has been making the library in {root} for {WAIT_SECONDS // 60} minutes",
            fix="wait until it is done, or end it",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _make(
    root: Path,
    name: str,
    shipped: ShippedPoses,
    embedder: PoseTextEmbedder,
    describer: Describer | None,
    progress: Tell,
) -> None:
    """Makes it under another name, then puts it where it belongs."""
    progress(f"making the library that comes with chatpose ready, {len(shipped):,} poses, once for this embedder")
    describer = describer or Describer()
    analyser = PoseAnalyser(embedder, Namer(describer=describer), describer, least_name=SURE)
    unfinished = root / f"{TEMPORARY}{uuid.uuid4().hex}"
    try:
        with Library.create(unfinished, embedder) as library:

            def tell(done: Progress) -> None:
                progress(f"{done.poses:,} of {len(shipped):,} poses, {done.rate:,.0f} a second")

            for result in library.add(shipped.sources(), analyser, progress=tell):
                if result.problem:
                    raise DamagedLibraryError(f"the poses that come with chatpose: {result.problem}")
        shutil.rmtree(root / name, ignore_errors=True)  # a damaged one
        os.replace(unfinished, root / name)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _tidy(root: Path, name: str) -> None:
    """Deletes what interrupted processes left, and versions that haven't been used for long."""
    with contextlib.suppress(OSError):
        others = [path for path in root.iterdir() if path.is_dir() and path.name != name]
        finished = [path for path in others if not path.name.startswith(TEMPORARY)]
        finished.sort(key=lambda path: -path.stat().st_mtime)
        for path in (*finished[KEPT:], *(path for path in others if path not in finished)):
            shutil.rmtree(path, ignore_errors=True)
