"""Draws poses beside what 6, 12 and 24 tokens keep of them: `python benchmarks/tokenizer_sheet.py OUT.png`."""

import argparse
from pathlib import Path

import torch

from chatpose.atlas.compiled import Atlas
from chatpose.atlas.sheet import draw_sheet, save_picture
from chatpose.body.ground import put_on_floor
from chatpose.body.model import BodyModel
from chatpose.body.pose import stack_poses
from chatpose.pose_tokenizer.config import Stages
from chatpose.pose_tokenizer.tokenizer import PoseTokenizer

COLUMNS = (Stages(1, 1, 1, 1), "coarse", "fine")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--tokenizer", type=Path, help="its folder (default: the shipped one)")
    parser.add_argument("--names", nargs="*", default=["downward dog", "lotus", "tree"], help="entries of the atlas")
    parser.add_argument("--every", type=int, default=0, help="every N-th entry instead")
    options = parser.parse_args()
    tokenizer = PoseTokenizer.from_pretrained(options.tokenizer) if options.tokenizer else PoseTokenizer.load()
    atlas, body = Atlas.load().training(), BodyModel.open()
    entries = list(atlas)[:: options.every] if options.every else [atlas.find(name) for name in options.names]
    poses, labels = [], []
    for entry in entries:
        pose = atlas.pose(entry.id)
        poses.append(pose)
        labels.append(entry.name)
        for level in COLUMNS:
            tokens = tokenizer.encode(pose, level, residual=False)
            poses.append(put_on_floor(tokenizer.decode(tokens), body)[0])
            labels.append(f"{sum(tokens.stages.values())} tokens")
    save_picture(draw_sheet(stack_poses(poses), labels, body, size=150, columns=4), options.out)
    print(f"{len(entries)} poses in {options.out}; {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
