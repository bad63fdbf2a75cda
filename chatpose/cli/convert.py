"""`chatpose convert IN OUT`."""

import argparse
from pathlib import Path
from typing import Any

from chatpose.cli import options as shared


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "convert",
        help="read a pose file and write it in another format",
        description="Reads a pose file of any kind (npz, npy, pkl, json, bvh, amc); writes npz, npy, json, bvh, glb, "
        "obj, png, openpose.json, openpose.png, depth.png or normal.png: the suffix of OUT chooses.",
    )
    parser.add_argument("input", metavar="IN")
    parser.add_argument("output", metavar="OUT")
    shared.add_reading(parser)
    shared.add_body(parser)
    parser.add_argument(
        "--camera",
        default="front",
        metavar="front|side|AZ,EL,FOV",
        help="for pictures and keypoints: front, side, three-quarter, back, top, or azimuth,elevation,fov in degrees "
        "(default: front)",
    )
    parser.add_argument("--size", type=shared.positive, default=512, metavar="PX", help="edge of a picture in pixels")
    parser.add_argument("--bvh-unit", choices=("m", "cm"), default="m", help="length unit of a BVH file (default: m)")
    parser.add_argument("--quiet", action="store_true", help="no notes on what was assumed (warnings stay)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Converts one file."""
    from chatpose.formats.losses import losses
    from chatpose.formats.registry import WriteOptions, format_to_write, save

    output = Path(options.output)
    kind = format_to_write(output)  # a mistyped suffix is told before a long file is read
    clip = shared.read_clip(options, options.input)
    body = shared.body_model(options)
    if not options.quiet:
        shared.say("note", (*clip.notes, *losses(clip, kind, body)))
    shared.say("warning", clip.warnings)
    write_options = WriteOptions(body=body, camera=options.camera, size=options.size, unit=options.bvh_unit)
    save(clip, output, write_options)
    return 0
