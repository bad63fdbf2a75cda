"""The suite `retrieval` of `chatpose evaluate`."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from chatpose.cli import options as shared
from chatpose.errors import ChatposeError, MissingFileError

if TYPE_CHECKING:
    from chatpose.atlas.compiled import Atlas
    from chatpose.evaluation.retrieval import Figures
    from chatpose.evaluation.retrieval_methods import Ranking
    from chatpose.evaluation.retrieval_search import RememberingEmbedder, Searching
    from chatpose.evaluation.retrieval_sets import Split
    from chatpose.posecodes.describe import Describer
    from chatpose.retrieval.library import Library

Stage = tuple[str, Callable[[], "list[Figures]"]]


def add_options(parser: argparse.ArgumentParser) -> None:
    """What only this suite has."""
    group = parser.add_argument_group("suite retrieval")
    group.add_argument("--embedder", type=Path, metavar="FOLDER", help="of `chatpose train retrieval` (default: ours)")
    group.add_argument(
        "--prompts", type=Path, metavar="FOLDER", help="with prompts.jsonl and its judge.py, which is run; test only"
    )
    group.add_argument("--library", type=Path, metavar="FOLDER", help="where prompts are looked up (default: ours)")


def run_retrieval(options: argparse.Namespace) -> None:
    """Measures and prints the tables."""
    from tqdm import tqdm

    from chatpose.evaluation.retrieval_search import RememberingEmbedder, atlas_library, searching
    from chatpose.posecodes.describe import Describer
    from chatpose.retrieval.embedder import Embedder

    _check(options)
    embedder = RememberingEmbedder(Embedder.from_pretrained(options.embedder))
    atlas, describer = _atlas(), Describer()
    rows: list[Figures] = []
    with tempfile.TemporaryDirectory() as place:
        library = atlas_library(Path(place) / "atlas", atlas, embedder, describer)
        with library:
            search = searching(library, atlas, embedder, describer)
            stages = list(_stages(options, atlas, describer, embedder, search, library))
            with tqdm(stages, unit="part", file=sys.stderr) as bar:
                for told, work in bar:
                    bar.set_description(told)
                    rows += work()
    _print(options, rows, embedder.fingerprint)


def _check(options: argparse.Namespace) -> None:
    """Refuses at once what would fail at the end."""
    from chatpose.evaluation.retrieval_prompts import read_prompts

    if options.data is not None and not options.data.is_dir():
        raise MissingFileError(f"no folder {options.data}", expected="the folder with cmu_poses_30k.npz")
    if options.prompts is not None:
        if options.split != "test":
            raise ChatposeError("the prompts are for testing only", fix="leave --prompts out, or use --split test")
        read_prompts(options.prompts)


def _atlas() -> "Atlas":
    from chatpose.atlas.compiled import Atlas

    return Atlas.load()


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


def _stages(
    options: argparse.Namespace,
    atlas: "Atlas",
    describer: "Describer",
    embedder: "RememberingEmbedder",
    search: "Searching",
    library: "Library",
) -> Iterator[Stage]:
    """What is measured, in turn."""
    from chatpose.evaluation import retrieval as suite
    from chatpose.evaluation.retrieval_methods import JointSpace, PlainSentences
    from chatpose.evaluation.retrieval_sets import entry_pairs, name_sets, saying_pairs, sentence_sets
    from chatpose.posecodes.phrasebook import shipped_phrasebook
    from chatpose.train.retrieval_figures import Gallery

    split: Split = options.split
    own: list[Ranking] = [JointSpace(embedder), PlainSentences(describer)]
    truth = Gallery.of(atlas, describer)
    for asked in sentence_sets(atlas, split):
        methods = [own[0], search, *own[1:]]
        yield asked.what, lambda asked=asked, methods=methods: suite.sentence_figures(asked, atlas, truth, methods)
        yield f"sides, {asked.what}", lambda asked=asked: suite.side_figures(entry_pairs(atlas, truth, asked), own)
    book = shipped_phrasebook()
    yield "sides, sayings", lambda: suite.side_figures(saying_pairs(book, describer, split), own)
    if options.data is None:
        _note("captions of recorded poses are left out; they need --data")
    else:
        yield "captions", lambda: _captions(options, describer, own)
    for names in name_sets(atlas, split):
        methods = [own[0], search.first(), *own[1:]]
        yield f"names, {names.what}", lambda names=names, ways=methods: suite.name_figures(names, atlas, ways)
    if options.prompts is None:
        _note("prompts are left out; they need --prompts") if split == "test" else None
    else:
        yield "prompts", lambda: _prompts(options, describer, embedder, own, library, atlas)


def _captions(options: argparse.Namespace, describer: "Describer", methods: "list[Ranking]") -> "list[Figures]":
    from chatpose.atlas.naming import Namer
    from chatpose.evaluation.retrieval import caption_figures
    from chatpose.evaluation.retrieval_sets import caption_set
    from chatpose.train.retrieval_data import recorded
    from chatpose.train.retrieval_figures import CAPTION_GALLERY

    poses, _ = recorded(options.data, options.split)
    count = min(options.limit or CAPTION_GALLERY, CAPTION_GALLERY)
    asked = caption_set(poses, describer, count)
    named = Namer(describer=describer).names(asked.poses)
    return caption_figures(asked, [tuple(name.name for name in several) for several in named], methods)


def _prompts(
    options: argparse.Namespace,
    describer: "Describer",
    embedder: "RememberingEmbedder",
    methods: "list[Ranking]",
    atlas_alone: "Library",
    atlas: "Atlas",
) -> "list[Figures]":
    from chatpose.evaluation.retrieval_methods import PoseGallery
    from chatpose.evaluation.retrieval_prompts import prompt_figures
    from chatpose.evaluation.retrieval_search import searching

    library = _library(options, embedder, describer) or atlas_alone
    keys = library.keys()
    names = tuple(tuple(name.name for name in row.names) for row in library.rows(keys))
    gallery = PoseGallery(library.poses(keys, describer.body.data.shape_space), names)
    try:
        search = searching(library, atlas, embedder, describer)
        return prompt_figures(options.prompts, gallery, methods, search, describer.body)
    finally:
        if library is not atlas_alone:
            library.close()


def _library(options: argparse.Namespace, embedder: "RememberingEmbedder", describer: "Describer") -> "Library | None":
    """The library that is named, or the one that ships with chatpose; none where it came without."""
    from chatpose.retrieval.library import Library
    from chatpose.retrieval.shipped_library import shipped_library

    if options.library is not None:
        return Library.open(options.library, embedder)
    try:
        return Library.open(shipped_library(embedder, describer=describer), embedder)
    except MissingFileError as error:
        _note(f"prompts are looked up in the atlas alone: {error}")
        return None


def _print(options: argparse.Namespace, rows: "list[Figures]", fingerprint: str) -> None:
    from chatpose.evaluation.retrieval import ABOUT, describe_rows, describe_targets

    if options.json:
        for row in rows:
            shared.print_json(
                {"suite": "retrieval", "split": options.split, "embedder": fingerprint[:12], **row.as_json()}
            )
        return
    print(f"retrieval, embedder {fingerprint[:12]}, {options.split} split")
    if options.split == "validation":
        print("held out only for embedders that were trained with the mixture's hold_out")
    print(ABOUT)
    print("\n".join([*describe_rows(rows), *describe_targets(rows)]))
