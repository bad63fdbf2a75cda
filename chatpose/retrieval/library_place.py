"""Where a person's own library lies when none is named."""

import os
import sys
from pathlib import Path

LIBRARY_VARIABLE = "CHATPOSE_LIBRARY"


def own_library() -> Path:
    """`$CHATPOSE_LIBRARY`, or a folder where the system keeps a person's data."""
    chosen = os.environ.get(LIBRARY_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    home = Path.home()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        xdg = os.environ.get("XDG_DATA_HOME", "")
        base = xdg if os.path.isabs(xdg) else home / ".local" / "share"  # the standard says to ignore relative paths
    return Path(base) / "chatpose" / "library"
