"""Finds the packed artefacts (`tokenizers/`, `data/`, `ui/`) in a wheel, an editable install or a plain checkout."""

from pathlib import Path

from chatpose.errors import MissingFileError

KINDS = ("tokenizers", "data", "ui")


def asset(kind: str, *parts: str) -> Path:
    """Path of a packed file or folder.

    Args:
        kind: one of `KINDS`.
        *parts: path below that folder.

    Raises:
        MissingFileError: neither the wheel's copy nor the checkout's is there.
    """
    if kind not in KINDS:
        raise ValueError(f"asset kind {kind!r} is not one of {KINDS}")
    package = Path(__file__).parent
    candidates = [package / "assets" / kind, package.parent / kind]
    for root in candidates:
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise MissingFileError(
        f"chatpose's own file {Path(kind, *parts)} is missing",
        expected=f"it in {candidates[0]} or {candidates[1]}",
        fix="reinstall chatpose, or run from a complete checkout",
    )
