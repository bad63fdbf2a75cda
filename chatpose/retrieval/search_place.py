"""Which libraries a search goes to, and one answer from several of them."""

from collections.abc import Sequence
from pathlib import Path

import torch

from chatpose.atlas.compiled import Atlas
from chatpose.body.comparison import comparison_points
from chatpose.body.pose import stack_poses
from chatpose.errors import MissingFileError
from chatpose.posecodes.describe import Describer
from chatpose.retrieval.candidates import fold
from chatpose.retrieval.embedding import PoseTextEmbedder
from chatpose.retrieval.hit import SearchHit
from chatpose.retrieval.library import Library
from chatpose.retrieval.library_files import CARD
from chatpose.retrieval.library_place import own_library
from chatpose.retrieval.query import Query
from chatpose.retrieval.searcher import Searcher
from chatpose.retrieval.shipped_library import Tell, shipped_library


def default_libraries(
    embedder: PoseTextEmbedder, *, describer: Describer | None = None, progress: Tell = lambda text: None
) -> list[Path]:
    """The person's own library where there is one, and the one that ships with chatpose, made ready.

    Args:
        embedder: that they will be searched with.
        describer: of the open body when absent.
        progress: told what is made for the first search, which takes some seconds.

    Raises:
        MissingFileError: there is none at all.
    """
    places = [own_library()] if (own_library() / CARD).is_file() else []
    try:
        return [*places, shipped_library(embedder, describer=describer, progress=progress)]
    except MissingFileError:
        if places:
            return places
        raise


def open_search(
    folders: Sequence[Path] = (),
    embedder: PoseTextEmbedder | None = None,
    *,
    describer: Describer | None = None,
    atlas: Atlas | None = None,
    progress: Tell = lambda text: None,
) -> "LibrarySearch":
    """Opens libraries to search.

    Args:
        folders: of the libraries; `default_libraries` when there are none.
        embedder: the shipped one when absent.
        describer: of the open body when absent.
        atlas: the shipped one when absent.
        progress: told what is made for the first search of the shipped library.

    Raises:
        MissingFileError: chatpose came without an embedder, or there is no library.
        NoLibraryError: a folder that is no library.
        DamagedLibraryError: something is wrong with one.
        OtherEmbedderError: one was made with another embedder.
    """
    from chatpose.retrieval.embedder import Embedder

    own: PoseTextEmbedder = embedder or Embedder.from_pretrained()
    describer = describer or Describer()
    folders = folders or default_libraries(own, describer=describer, progress=progress)
    libraries = [Library.open(folder, own) for folder in folders]
    lift = own.lift if isinstance(own, Embedder) else None
    return LibrarySearch([Searcher(library, own, describer=describer, atlas=atlas, lift=lift) for library in libraries])


class LibrarySearch:
    """Searches several libraries as one; what the command line, the page and the agent share.

    Args:
        searchers: one a library, at least one, of one body.
    """

    def __init__(self, searchers: Sequence[Searcher]) -> None:
        self.searchers = tuple(searchers)

    def search(self, query: Query) -> list[SearchHit]:
        """The best hits of all libraries; see `Searcher.search`. Near-duplicates are folded across libraries, too."""
        found = [hit for searcher in self.searchers for hit in searcher.search(query)]
        if len(self.searchers) == 1 or not found:
            return found
        found.sort(key=lambda hit: -hit.score)
        if not query.fold:
            return found[: query.k]
        poses = stack_poses([hit.pose for hit in found])
        body = self.searchers[0].body
        points = comparison_points(poses, body)
        if query.mirror:
            points = torch.stack([points, comparison_points(poses.mirror(), body)])
        kept, owners = fold(points, query.k, query.mirror)
        alike = {place: 0 for place in kept}
        for place, owner in enumerate(owners):
            if owner in alike and place != owner:
                alike[owner] += 1 + found[place].folded
        return [found[place].standing_for(alike[place]) for place in kept]
