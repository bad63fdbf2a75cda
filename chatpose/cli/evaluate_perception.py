"""The suite `perception` of `chatpose evaluate`."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatpose.cli import options as shared
from chatpose.errors import MissingFileError

if TYPE_CHECKING:
    from chatpose.evaluation.perception import Figures
    from chatpose.evaluation.perception_marks import Judge, Marks
    from chatpose.evaluation.perception_methods import Method
    from chatpose.evaluation.perception_scenes import SceneSet
    from chatpose.perception.estimator import PerceptionPipeline

FITTED, REGRESSED = "with fit", "regression"


def add_options(parser: argparse.ArgumentParser) -> None:
    """What only this suite has."""
    group = parser.add_argument_group("suite perception")
    group.add_argument("--work", type=Path, metavar="FOLDER", help="keeps scenes and marks; a broken run goes on")
    group.add_argument("--plot", type=Path, metavar="PNG", help="draw expected against actual confidence")
    group.add_argument("--photos", type=Path, metavar="FOLDER", help="annotated photos (default: photos/ in --data)")
    group.add_argument("--no-baselines", action="store_true", help="only chatpose's own rows")
    group.add_argument("--lifter", type=Path, metavar="FOLDER", help="of `chatpose train perception` (default: ours)")
    group.add_argument("--calibration", type=Path, metavar="FOLDER", help="of confidences (default: ours)")


def run_perception(options: argparse.Namespace) -> None:
    """Measures on rendered scenes and prints the tables."""
    from chatpose.evaluation.perception import table
    from chatpose.evaluation.perception_marks import Judge
    from chatpose.evaluation.perception_methods import RememberingEyes, times
    from chatpose.evaluation.perception_photos import photo_rows
    from chatpose.evaluation.perception_scenes import HeldOutPoses, SceneSet
    from chatpose.perception.estimator import PerceptionPipeline

    if options.data is not None and not options.data.is_dir():
        raise MissingFileError(f"no folder {options.data}", expected="the folder with cmu_poses_30k.npz")
    given = _given_models(options)
    eyes, judge = RememberingEyes(), Judge()
    own = {name: PerceptionPipeline(fit=name == FITTED, eyes=eyes, **given) for name in (FITTED, REGRESSED)}
    scenes = SceneSet(HeldOutPoses.of_split(options.data, options.split), options.work)
    marks = _measured(options, scenes, _methods(options, own, eyes.see, judge))
    rows = table(marks)
    timed = {name: PerceptionPipeline(fit=name == FITTED, **given) for name in (REGRESSED, FITTED)}
    photos = _photos_of_one(scenes, marks[FITTED])
    speeds: dict[str, dict[str, float]] = {}
    for name, one in timed.items():
        speeds[name] = times(one, photos)
    folder = _photo_folder(options)
    annotated = [] if folder is None else photo_rows(own[FITTED], folder, judge.body)
    if options.plot is not None:
        _plot(options.plot, marks)
    _print(options, rows, marks, speeds, annotated)


def _given_models(options: argparse.Namespace) -> dict[str, Any]:
    """What takes the place of the shipped models."""
    from chatpose.perception.calibration import JointCalibration
    from chatpose.perception.lifter import Lifter

    given: dict[str, Any] = {}
    if options.lifter is not None:
        given["lifter"] = Lifter.from_pretrained(options.lifter)
    if options.calibration is not None:
        given["calibration"] = JointCalibration.from_pretrained(options.calibration)
    return given


def _methods(
    options: argparse.Namespace, own: "dict[str, PerceptionPipeline]", see: Any, judge: "Judge"
) -> "list[Method]":
    from chatpose.evaluation.perception_methods import Estimated, Sketch, WorldLandmarks

    rows: list[Method] = [Estimated(name, estimator, judge) for name, estimator in own.items()]
    return rows if options.no_baselines else [*rows, Sketch(see, judge), WorldLandmarks(see, judge)]


def _measured(options: argparse.Namespace, scenes: "SceneSet", methods: "list[Method]") -> "dict[str, list[Marks]]":
    """Runs the protocol; after Ctrl-C, what is there by then."""
    from tqdm import tqdm

    from chatpose.evaluation.perception import measure
    from chatpose.evaluation.perception_scenes import SCENES
    from chatpose.train.interrupts import Interrupt

    count = min(options.limit or SCENES, SCENES)
    with Interrupt() as interrupt, tqdm(total=count, unit="scene", file=sys.stderr) as bar:
        marks = measure(scenes, count, methods, options.work, stop=lambda: interrupt.asked, step=bar.update)
    if interrupt.asked:
        kept = "the same command goes on from here" if options.work else "with --work it could go on from here"
        print(f"note: stopped, these are the figures so far; {kept}", file=sys.stderr)
    return marks


def _photos_of_one(scenes: "SceneSet", marks: "list[Marks]") -> list[Any]:
    """Clean pictures in which the one person was found and nobody else."""
    from chatpose.evaluation.perception_methods import TIMED_PHOTOS

    chosen = [one.number for one in marks if one.found and not one.others and one.kind == "clean"][:TIMED_PHOTOS]
    return [scenes.scene(number).photo for number in chosen]


def _photo_folder(options: argparse.Namespace) -> Path | None:
    if options.photos is not None or options.data is None:
        return options.photos
    found = [folder for folder in (options.data / "photos", options.data.parent / "photos") if folder.is_dir()]
    return found[0] if found else None


def _curves(marks: "dict[str, list[Marks]]") -> dict[str, dict[str, Any]]:
    """Calibration by kind and method."""
    from chatpose.evaluation.perception import Confidences
    from chatpose.perception.scenes import KINDS

    found: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        for method, several in marks.items():
            curve = Confidences.of([one for one in several if one.kind == kind]).reliability()
            if curve is not None:
                found.setdefault(kind, {})[method] = curve
    return found


def _plot(file: Path, marks: "dict[str, list[Marks]]") -> None:
    from chatpose.evaluation.perception_tables import save_plot

    save_plot(file, _curves(marks))


def _print(
    options: argparse.Namespace,
    rows: "list[Figures]",
    marks: "dict[str, list[Marks]]",
    speeds: dict[str, dict[str, float]],
    annotated: list[dict[str, Any]],
) -> None:
    from chatpose.evaluation.perception import rounded
    from chatpose.evaluation.perception_photos import TARGET
    from chatpose.evaluation.perception_tables import (
        describe_rows,
        describe_statements,
        describe_targets,
        describe_views,
    )

    curves = _curves(marks)
    if options.json:
        head = {"suite": "perception", "split": options.split}
        for row in rows:
            shared.print_json({**head, **row.as_json()})
        for kind, by_method in curves.items():
            for method, curve in by_method.items():
                shared.print_json({**head, "calibration": method, "kind": kind, **rounded(curve._asdict())})
        shared.print_json({**head, "times": rounded(speeds)})
        for photo in annotated:
            shared.print_json({**head, **rounded(photo)})
        return
    count = len(next(iter(marks.values())))
    print(f"perception on {count} rendered scenes of the {options.split} split")
    print(
        "mm of visible joints, pelvis on pelvis, and of the 12 that BlazePose has, hips on hips; degrees of the 8 limb "
        "bones, and of trunk, head, feet and hands"
    )
    print("\n".join(describe_rows(rows)))
    for row in rows:
        if row.source == "all" and row.method in (FITTED, "sketch"):
            print("\n".join([*describe_views(row), *describe_statements(row)]))
    for kind, by_method in curves.items():
        pairs = zip(by_method[FITTED].expected, by_method[FITTED].actual, strict=True)
        told = ", ".join(f"{expected:.2f} {actual:.2f}" for expected, actual in pairs)
        print(f"confidence, expected and actual, {kind}: {told}")
    for name, one in speeds.items():
        if one["photos"]:
            print(f"{name}: {one['wall_ms']:.0f} ms a photo of one person, {one['cpu_ms']:.0f} ms of processor time")
    for photo in annotated:
        body = (
            f"body {100 * photo['body']:.1f} %, landmarks {100 * photo['landmarks']:.1f} %" if "body" in photo else "-"
        )
        print(f"{photo['photo']}: off by parts of the height: {body} (at most {100 * TARGET:.0f} %)")
    print("\n".join(describe_targets(rows, FITTED)))
