"""The suite `language` of `chatpose evaluate`: generation, edits, questions, plans; figures over many requests."""

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from chatpose.cli import options as shared
from chatpose.errors import ChatposeError, MissingExtraError, MissingFileError

if TYPE_CHECKING:
    from chatpose.atlas.compiled import Atlas
    from chatpose.body.pose import Pose
    from chatpose.evaluation.language_folder import EvaluationFolder
    from chatpose.evaluation.language_methods import Bar, Made, PoseMethod
    from chatpose.evaluation.language_plans import Reads
    from chatpose.evaluation.language_rows import Row
    from chatpose.language.verified.generator import Generator
    from chatpose.language.verified.plausibility import KnownPoses
    from chatpose.posecodes.describe import Describer

PARTS = ("plans", "prompts", "edits", "questions", "entries", "habits", "diversity", "speed")
FOLDER_PARTS = ("prompts", "edits", "questions")
WAYS = ("raw", "minilm", "solver", "verified")
SENTENCES = 150
"""Held-out sentences about atlas entries that are generated for."""
HABITS = 150
TIMED = 16
REAL_TEST = 400


def add_options(parser: argparse.ArgumentParser) -> None:
    """What only this suite has; it takes `--prompts`, `--library`, `--data` and `--limit` of the others, too."""
    group = parser.add_argument_group("suite language")
    group.add_argument("--only", metavar="PARTS", help=f"of {','.join(PARTS)}, joined by commas (default: all)")
    group.add_argument("--rows", metavar="WAYS", help=f"of {','.join(WAYS)}, for prompts and habits (default: all)")
    group.add_argument("--seed", type=int, default=0, metavar="S", help="of what generation draws (default: 0)")


def run_language(options: argparse.Namespace) -> None:
    """Measures and prints the tables; with `--limit N` on every N-th line only."""
    bench = _Bench(options)
    rows: list[Row] = []
    for part in bench.parts:
        rows += _PARTS[part](bench)
    _print(options, rows)


def chosen(given: str | None, names: tuple[str, ...]) -> list[str]:
    """What an option joined by commas asks for, all when it is absent.

    Raises:
        ChatposeError: a name that isn't there.
    """
    if given is None:
        return list(names)
    wanted = [name.strip() for name in given.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in names]
    if unknown or not wanted:
        raise ChatposeError(f"{given!r}", expected=f"some of {','.join(names)}")
    return [name for name in names if name in wanted]


class _Bench:
    """What the parts share, made when first needed."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.parts = chosen(options.only, PARTS)
        self.ways = chosen(options.rows, WAYS)
        self.every: int = options.limit or 1
        self.made: dict[str, list[Made]] = {}
        if options.data is not None and not options.data.is_dir():
            raise MissingFileError(f"no folder {options.data}", expected="the folder with cmu_poses_30k.npz")
        left_out = [part for part in self.parts if part in FOLDER_PARTS and options.prompts is None]
        if left_out:
            shared.say("note", [f"{', '.join(left_out)} are left out; they need --prompts"])
            self.parts = [part for part in self.parts if part not in left_out]
        if options.prompts is not None and any(part in FOLDER_PARTS for part in self.parts):
            _ = self.folder

    @cached_property
    def folder(self) -> "EvaluationFolder":
        from chatpose.evaluation.language_folder import EvaluationFolder

        return EvaluationFolder(self.options.prompts, self.every)

    @cached_property
    def bar(self) -> "Bar":
        from chatpose.evaluation.language_methods import progress

        return progress()

    @cached_property
    def atlas(self) -> "Atlas":
        from chatpose.atlas.compiled import Atlas

        return Atlas.load()

    @cached_property
    def describer(self) -> "Describer":
        from chatpose.posecodes.describe import Describer

        return Describer()

    @cached_property
    def generator(self) -> "Generator":
        from chatpose.language.verified.generator import Generator

        return Generator.open(describer=self.describer)

    @cached_property
    def known(self) -> "KnownPoses":
        from chatpose.evaluation.language_prompts import training_poses
        from chatpose.language.verified.plausibility import KnownPoses
        from chatpose.retrieval.shipped_poses import ShippedPoses

        poses = training_poses(ShippedPoses.load(), self.atlas, self.recorded("train"))
        return KnownPoses(poses, self.describer.body)

    def recorded(self, split: str, most: int | None = None) -> "Pose | None":
        if self.options.data is None:
            return None
        from chatpose.train.retrieval_data import recorded

        return recorded(self.options.data, split, most)[0]  # pyright: ignore[reportArgumentType]

    def methods(self) -> "Iterator[PoseMethod]":
        from chatpose.evaluation.language_methods import Generating

        for way in self.ways:
            if way in ("raw", "verified"):
                yield Generating(self.generator, way == "verified", self.options.seed)
            if way == "minilm":
                yield from self._nearest()
            if way == "solver":
                yield self._solver()

    def _nearest(self) -> "Iterator[PoseMethod]":
        from chatpose.evaluation.language_methods import NearestCaption
        from chatpose.evaluation.retrieval_methods import PlainSentences, PoseGallery
        from chatpose.retrieval.shipped_poses import ShippedPoses

        if self.every > 1:  # a quick trial: captions of all shipped poses take minutes
            gallery = PoseGallery.of_atlas(self.atlas)
        else:
            shipped = ShippedPoses.load()
            gallery = PoseGallery(shipped.poses, tuple(row.names for row in shipped.rows))
        try:
            sentences = PlainSentences(self.describer)
            _ = sentences.model
            yield NearestCaption(sentences, gallery)
        except (MissingFileError, MissingExtraError) as error:
            shared.say("note", [f"the nearest pose by MiniLM is left out: {error}"])

    def _solver(self) -> "PoseMethod":
        from chatpose.body.ground import put_on_floor
        from chatpose.body.pose_prior import PosePrior
        from chatpose.evaluation.language_methods import ParsedAndSolved
        from chatpose.posecodes.parsing.parser import SentenceParser
        from chatpose.posecodes.solve import Solver

        body = self.describer.body
        standing = put_on_floor(self.atlas.pose("mountain"), body)
        return ParsedAndSolved(SentenceParser(), Solver(body, PosePrior.load()), standing)


# --- parts -----------------------------------------------------------------------------------------------------------


def _prompts(bench: _Bench) -> "list[Row]":
    from chatpose.evaluation.language_prompts import prompt_rows, real_rows

    methods = list(bench.methods())
    found = prompt_rows(bench.folder, methods, bench.known, bench.atlas.poses, bench.describer.body, bench.bar)
    for name, made in found.made.items():
        bench.made.setdefault(name, []).extend(made)
    sets = {"atlas, test entries": bench.atlas.testing().poses}
    tested = bench.recorded("test", REAL_TEST)
    if tested is not None:
        sets["recorded, test subjects"] = tested
    return [*found.rows, *real_rows(sets, bench.known)]


def _edits(bench: _Bench) -> "list[Row]":
    from chatpose.evaluation.language_edits import edit_rows
    from chatpose.language.verified.editor import Editor

    body = bench.describer.body
    return edit_rows(bench.folder, Editor(body), bench.known, body, bench.bar)


def _questions(bench: _Bench) -> "list[Row]":
    from chatpose.evaluation.language_questions import question_rows
    from chatpose.language.verified.questions import QuestionAnswerer

    return question_rows(bench.folder, QuestionAnswerer(bench.describer), bench.bar)


def _plans(bench: _Bench) -> "list[Row]":
    from chatpose.evaluation.language_plans import labelled_sentences, plan_rows
    from chatpose.posecodes.parsing.parser import SentenceParser
    from chatpose.resources import asset

    parser = SentenceParser()
    readers: dict[str, Reads] = {"parser": lambda text: parser.parse(text).plans()}
    if (model := _model_plans()) is not None:
        readers["nano"] = model
    sentences = labelled_sentences(asset("data", "dev", "plan_test.jsonl"))[:: bench.every]
    return plan_rows(sentences, readers, bench.bar)


def _model_plans() -> "Reads | None":
    """The plans that chatpose-nano writes by itself, where it is there."""
    from chatpose.language.nano.source import NanoSource

    try:
        model = NanoSource.open()
    except (MissingFileError, MissingExtraError) as error:
        shared.say("note", [f"the model's own plans are left out: {error}"])
        return None
    return lambda text: [one.plan for one in model.poses(text, 1) if one.own][:1]


def _entries(bench: _Bench) -> "list[Row]":
    from chatpose.evaluation.language_entries import entry_rows, held_out_sentences

    most = max(1, SENTENCES // bench.every)
    sets = {known: held_out_sentences(bench.atlas, known=known, most=most) for known in (True, False)}
    return entry_rows(sets, bench.generator, bench.describer, bench.bar)


def _habits(bench: _Bench) -> "list[Row]":
    from chatpose.evaluation.language_habits import limit_rows, sentence_rows
    from chatpose.evaluation.language_methods import Generating
    from chatpose.evaluation.language_plans import labelled_sentences
    from chatpose.resources import asset

    sentences = labelled_sentences(asset("data", "dev", "plan_test.jsonl"))[:: bench.every][:HABITS]
    made: dict[str, list[Made]] = {}
    for method in bench.methods():
        if isinstance(method, Generating) or method.name == "parser + solver":
            made[method.name] = method.poses([one.text for one in sentences], bench.bar)
    rows = sentence_rows(sentences, made, bench.describer)
    together = {name: [*bench.made.get(name, []), *several] for name, several in made.items()}
    return [*rows, *limit_rows(together)]


def _diversity(bench: _Bench) -> "list[Row]":
    from chatpose.evaluation.language_habits import diversity_rows

    requests = _requests("open")[:: bench.every]
    return diversity_rows(requests, bench.generator, bench.atlas.poses, bench.describer, bench.bar)


def _speed(bench: _Bench) -> "list[Row]":
    from chatpose.evaluation.language_speed import speed_rows

    kinds = [_requests(kind) for kind in ("explicit", "named", "composed", "speculative")]
    requests = [text for row in zip(*kinds, strict=False) for text in row][:: bench.every][:TIMED]
    return speed_rows(requests, bench.generator, bench.bar)


def _requests(kind: str) -> list[str]:
    """Our own requests of a kind."""
    import json

    from chatpose.resources import asset

    lines = asset("data", "dev", "prompts_dev.jsonl").read_text(encoding="utf-8").splitlines()
    return [row["text"] for row in map(json.loads, lines) if row["kind"] == kind]


_PARTS: dict[str, Callable[[_Bench], Any]] = {
    "plans": _plans,
    "prompts": _prompts,
    "edits": _edits,
    "questions": _questions,
    "entries": _entries,
    "habits": _habits,
    "diversity": _diversity,
    "speed": _speed,
}


def _print(options: argparse.Namespace, rows: "list[Row]") -> None:
    from chatpose.evaluation.language_rows import describe_rows, describe_targets

    if options.json:
        for row in rows:
            shared.print_json({"suite": "language", "every": options.limit or 1, **row.as_json()})
        return
    print("language" + (f", every {options.limit}th line only" if options.limit else ""))
    print(
        "shuffled: the same poses, each for another request; constant pose: the best single pose; nearest training "
        "pose: mean distance of joints, palms, soles and face, heading left out"
    )
    print("\n".join(describe_rows(rows)))
    print("\n".join(describe_targets(rows)))
    sys.stdout.flush()
