"""The suite `tokenizer` of `chatpose evaluate`."""

import argparse
from typing import TYPE_CHECKING

from chatpose.cli import options as shared
from chatpose.errors import MissingFileError

if TYPE_CHECKING:
    from chatpose.body.pose import Pose

SPEED_POSES = 512


def run_tokenizer(options: argparse.Namespace) -> None:
    """Prints the table of the shipped tokenizer and of its baselines."""
    from chatpose.evaluation import tokenizer as suite
    from chatpose.pose_tokenizer.tokenizer import PoseTokenizer
    from chatpose.pose_tokenizer.vqvae import PoseVQVAE
    from chatpose.posecodes.describe import Describer

    tokenizer = PoseTokenizer.load()
    describer = Describer()
    sets = _pose_sets(options)
    codecs = [suite.TokenizerCodec(tokenizer, level) for level in tokenizer.config.levels]
    learned = [] if options.baseline is None else [PoseVQVAE.from_pretrained(options.baseline)]
    rows = [
        suite.figures(codec, poses, name, describer)
        for codec in (*codecs, *learned, suite.RoundedAxisAngle())
        for name, poses in sets.items()
    ]
    poses = next(iter(sets.values()))
    rates = {codec.level: suite.speeds(tokenizer, poses[:SPEED_POSES], codec.level) for codec in codecs}
    if options.json:
        for row in rows:
            shared.print_json({"suite": "tokenizer", **row.as_json()})
        shared.print_json({"suite": "tokenizer", "speeds": {level: vars(rate) for level, rate in rates.items()}})
        return
    print(f"pose tokenizer {tokenizer.codebook_fingerprint[:12]}, {tokenizer.config.codes} codes a stage")
    print(
        "mm of 23 joints, pelvis on pelvis, heading left out; gaze, palm, sole in degrees; kept: statements that hold"
    )
    print("\n".join(suite.describe_rows(rows)))
    print("Published for UniPose, on AMASS, which is another test set: 80 tokens of 2,048 codes, 6.2 mm, PA 3.7 mm.")
    for row in rows:
        if row.perplexity and row.poses in ("validation", "test"):
            shares = ", ".join(f"{slot} {share:.2f}" for slot, share in row.perplexity.items())
            print(f"perplexity / codes, {row.codec} on {row.count} poses: {shares}")
    for level, rate in rates.items():
        print(
            f"{level}, poses/s of processor time (of wall time): "
            f"encode {rate.encode[0]:.0f} ({rate.encode[1]:.0f}), greedy {rate.encode_greedy[0]:.0f} "
            f"({rate.encode_greedy[1]:.0f}), numpy decode {rate.decode[0]:.0f} ({rate.decode[1]:.0f}); "
            f"one pose decoded in {rate.decode_one_ms:.2f} ms"
        )


def _pose_sets(options: argparse.Namespace) -> "dict[str, Pose]":
    """Motion capture of the split and the same with noise; entries of the atlas."""
    from chatpose.atlas.compiled import Atlas
    from chatpose.body.pose import Pose
    from chatpose.evaluation.tokenizer import noisy
    from chatpose.train.tokenizer_data import packed_rotations

    atlas = Atlas.load()
    entries = atlas.testing() if options.split == "test" else atlas.training()
    told = "atlas test" if options.split == "test" else "atlas (seen)"
    sets: dict[str, Pose] = {}
    if options.data is not None:
        if not options.data.is_dir():
            raise MissingFileError(f"no folder {options.data}", expected="the folder with cmu_poses_30k.npz")
        real = Pose.from_rotations(packed_rotations(options.data, options.split, options.limit))
        sets = {options.split: real, f"{options.split}, noisy": noisy(real)}
    return {**sets, told: entries.poses}
