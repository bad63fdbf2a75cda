"""`chatpose info [FILE...]`: what is in pose files, or what this installation has."""

import argparse
import importlib.metadata
import importlib.util
import platform
from typing import TYPE_CHECKING, Any

from chatpose import __version__
from chatpose.cli import options as shared
from chatpose.errors import ChatposeError

if TYPE_CHECKING:
    from chatpose.formats.clip import PoseClip

PACKAGES = ("torch", "numpy", "roma", "trimesh", "gradio", "smplx", "ai_edge_litert")


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "info",
        help="what is in pose files, or what this installation has",
        description="With files: frames, rate, layout, body size, what was assumed. Without: versions and bodies.",
    )
    parser.add_argument("files", nargs="*", metavar="FILE")
    shared.add_reading(parser)
    parser.add_argument("--json", action="store_true", help="one object a line on standard output")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints about each file; a bad one is reported in its place and makes the exit code 2."""
    if not options.files:
        _show(installation(), options.json)
        return 0
    code = 0
    for path in options.files:
        try:
            _show({"input": path, **describe_clip(shared.read_clip(options, path))}, options.json)
        except ChatposeError as error:
            code = 2
            shared.report_error(error, options.json, input=path)
    return code


def describe_clip(clip: "PoseClip") -> dict[str, Any]:
    """The facts of a clip as JSON-ready values; heights are of the open body's joints in metres."""
    from chatpose.body.model import BodyModel

    body = BodyModel.open()
    joints = body.joints(clip.pose_on(body))
    heights = joints[..., 1].amax(-1) - joints[..., 1].amin(-1)
    travel = (clip.pose.transl.amax(0) - clip.pose.transl.amin(0)).norm()
    return {
        "layout": clip.layout,
        "frames": len(clip),
        "fps": clip.fps,
        "seconds": None if not clip.fps else round(len(clip) / clip.fps, 3),
        "gender": clip.gender,
        "shape_space": clip.shape_space,
        "betas": [round(value, 4) for value in clip.pose.betas[0].tolist()],
        "joint_height_m": [round(heights.min().item(), 3), round(heights.max().item(), 3)],
        "travel_m": round(travel.item(), 3),
        "notes": list(clip.notes),
        "warnings": list(clip.warnings),
    }


def installation() -> dict[str, Any]:
    """Versions of chatpose, Python and the packages that matter, where the data lies, whether photos can be read."""
    from chatpose.perception.model_files import FETCH_COMMAND, models_are_here, models_folder
    from chatpose.resources import asset

    versions: dict[str, Any] = {"chatpose": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        found = importlib.util.find_spec(package) is not None
        versions[package] = importlib.metadata.version(package) if found else None
    versions["data"] = str(asset("data"))
    versions["photo_models"] = (
        str(models_folder()) if models_are_here() else f"not here; fetch them with: {FETCH_COMMAND}"
    )
    return versions


def _show(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        shared.print_json(facts)
        return
    for name, value in facts.items():
        if isinstance(value, list) and name in ("notes", "warnings"):
            for sentence in value:
                print(f"  {name[:-1]}: {sentence}")
        else:
            print(f"{name}: {'-' if value is None else value}")
    print()
