"""What can be wrong with a library folder, and the ways out."""

from chatpose.errors import ChatposeError, MissingFileError, UnreadableFileError, UnwritableFileError

REPAIR = "rebuild it from its poses: chatpose library repair"


class NoLibraryError(MissingFileError):
    """A folder that is no library, or no folder."""


class DamagedLibraryError(UnreadableFileError):
    """A library whose files are missing, cut off or changed; `repair` rebuilds what follows from the poses."""


class OtherEmbedderError(UnreadableFileError):
    """A library whose vectors another embedder made; they can't be compared."""


class BusyLibraryError(ChatposeError, OSError):
    """Another process writes to the library."""


class FullDiskError(UnwritableFileError):
    """The library can't be written any further; what was stored before is whole."""
