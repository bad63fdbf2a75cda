"""Draws what requests give, with their checks: `python benchmarks/generation_sheet.py FOLDER --every 2`."""

import argparse
import json
import textwrap
from pathlib import Path

from chatpose.atlas.sheet import draw_sheet, save_picture
from chatpose.body.model import BodyModel
from chatpose.body.pose import stack_poses
from chatpose.language.verified.generator import Generator
from chatpose.resources import asset

A_SHEET = 20


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where sheet_0.png, sheet_1.png … and checks.txt go")
    parser.add_argument("--file", type=Path, default=asset("data", "dev", "prompts_dev.jsonl"), help="requests")
    parser.add_argument("--every", type=int, default=1, help="every N-th request")
    parser.add_argument("--columns", type=int, default=5, help="poses in a row")
    parser.add_argument("--no-verify", action="store_true", help="what the model alone makes")
    options = parser.parse_args()
    lines = options.file.read_text(encoding="utf-8").splitlines()[:: options.every]
    generator, body = Generator.open(), BodyModel.open()
    options.folder.mkdir(parents=True, exist_ok=True)
    poses, labels, told = [], [], []
    for line in lines:
        text = json.loads(line)["text"]
        found = generator.generate(text, verify=not options.no_verify)
        told.append(f"{text}\n  {'; '.join(found.notes)}")
        for made in found.poses[:1]:
            poses.append(made.pose)
            held = sum(bool(check.holds) for check in made.checks)
            labels.append("\n".join(textwrap.wrap(f"{text} ({held}/{len(made.checks)})", 34)[:4]))
            told += [f"  {'held' if check.holds else 'NOT '}  {check.as_json()}" for check in made.checks]
    for number, first in enumerate(range(0, len(poses), A_SHEET)):
        rows = slice(first, first + A_SHEET)
        sheet = draw_sheet(stack_poses(poses[rows]), labels[rows], body, size=220, columns=options.columns)
        save_picture(sheet, options.folder / f"sheet_{number}.png")
    (options.folder / "checks.txt").write_text("\n".join(told) + "\n", encoding="utf-8")
    print(f"{len(poses)} poses of {len(lines)} requests in {options.folder}")


if __name__ == "__main__":
    main()
