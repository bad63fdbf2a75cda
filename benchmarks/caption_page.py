"""Draws the twelve poses of docs/posecodes.md and writes their captions into it.

    python benchmarks/caption_page.py --data ../shared/data

Poses 1 to 6 are MakeHuman's (CC0), 7 to 10 hand-made, 11 and 12 random; the same seeds give the same page.
"""

import argparse
from pathlib import Path

import torch
from PIL import Image

from chatpose.body.model import PosedBody
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.render import figure_of_body, render_sheet
from chatpose.corpus.basic_postures import basic_posture
from chatpose.corpus.random_poses import limit_poses
from chatpose.formats import load
from chatpose.posecodes.describe import Describer

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "posecodes.md"
PICTURE = ROOT / "docs" / "images" / "posecodes.png"
HEADING = "![Twelve poses, each from the front and from the side](images/posecodes.png)"
MAKEHUMAN = ("fight01", "fight03", "gym01", "run01", "sit01", "standing04")
HAND_MADE = ("kneeling on the left knee", "lying on the left side", "downward dog", "arms: crossed")
RANDOM_SEED, RANDOM_PICKS = 1, (5, 7)
FULL = 2


def twelve_poses(data: Path) -> Pose:
    """The poses, (12,), each with the mean shape."""
    found = [load(data / "makehuman_poses" / f"{name}.bvh").pose[0] for name in MAKEHUMAN]
    found += [basic_posture(name) for name in HAND_MADE]
    random = limit_poses(max(RANDOM_PICKS) + 1, torch.Generator().manual_seed(RANDOM_SEED))
    return stack_poses([*found, *(random[pick] for pick in RANDOM_PICKS)])


def draw(describer: Describer, poses: Pose) -> None:
    """Saves the sheet, few colours for a small file."""
    posed = describer.body(poses)
    bodies = [PosedBody(*pair) for pair in zip(posed.vertices, posed.joints, strict=True)]
    figures = [figure_of_body(body, describer.body, tint_sides=True) for body in bodies]
    labels = [str(number + 1) for number in range(len(figures))]
    views = ("front", "60,10,30")
    sheet = Image.fromarray(render_sheet(figures, labels=labels, views=views, size=215, columns=3, legend=True))
    sheet.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with makehuman_poses/")
    poses = twelve_poses(parser.parse_args().data)
    describer = Describer()
    draw(describer, poses)
    plain = describer.describe_all(poses, "plain", range(len(poses)))
    full = describer.describe_all(poses, "full", range(len(poses)))[FULL]
    lines = [f"{number + 1}. {described.text}" for number, described in enumerate(plain)]
    head = PAGE.read_text().split(HEADING)[0]
    PAGE.write_text("\n".join([f"{head}{HEADING}\n", *lines, f'\nNumber {FULL + 1} in full: "{full.text}"\n']))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
