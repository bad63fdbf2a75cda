"""Every readable kind of file converted to every writable one by the real command; what comes back is measured.

    python benchmarks/convert_table.py --data ../shared/data

Cells: for formats that chatpose reads again, the largest joint distance in millimetres between what was read and what
came back, over all frames; for the others "ok" when an independent reader opens the file. npy files hold rotations
alone, so their column is measured with the pelvis in place.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from fuzz_formats import acclaim_files
from PIL import Image

from chatpose.body.model import BodyModel
from chatpose.body.rotations import matrix_to_6d
from chatpose.cli.main import main as chatpose
from chatpose.corpus.packed import PackedPoses
from chatpose.formats import PoseClip, load
from chatpose.formats.registry import FORMATS, Format

POSES = 200
"""CMU poses in each sample file: the first ones are the most diverse."""


def sample_inputs(data: Path, folder: Path) -> dict[str, Path]:
    """One real file a readable kind: CMU poses in the layouts that people have, and MakeHuman's BVH."""
    packed = PackedPoses(data / "cmu_poses_30k.npz")
    pose = packed.pose(packed.rows()[:POSES])
    axis_angle = pose.axis_angle().numpy()
    trans = np.linspace(0, 1, 3 * POSES).reshape(POSES, 3)
    fingers = np.zeros((POSES, 90), np.float32)
    files = {
        "AMASS npz (z up)": folder / "amass.npz",
        "SMPL npz (y up)": folder / "smpl.npz",
        "npy axis-angle": folder / "axis_angle.npy",
        "npy matrices": folder / "matrices.npy",
        "npy 6D": folder / "six.npy",
        "pkl": folder / "smpl.pkl",
        "json": folder / "pose.json",
        "BVH, ours": folder / "ours.bvh",
        "ASF/AMC": folder / "07_01.amc",
        "BVH, MakeHuman": data / "makehuman_poses" / "sit01.bvh",
    }
    poses = np.concatenate([axis_angle[:, :22].reshape(POSES, 66), fingers], 1)
    np.savez(
        files["AMASS npz (z up)"], poses=poses, trans=trans, betas=np.zeros(16), gender="neutral", mocap_framerate=30
    )
    parts = {"global_orient": axis_angle[:, 0], "body_pose": axis_angle[:, 1:].reshape(POSES, 69), "transl": trans}
    np.savez(files["SMPL npz (y up)"], betas=np.zeros((1, 10)), **parts)
    np.save(files["npy axis-angle"], axis_angle)
    np.save(files["npy matrices"], pose.local_rotations.numpy())
    np.save(files["npy 6D"], matrix_to_6d(pose.local_rotations).numpy())
    asf, amc = acclaim_files()
    (folder / "07.asf").write_bytes(asf)
    files["ASF/AMC"].write_bytes(amc)
    _write_pickle(files["pkl"], {**parts, "betas": np.zeros((POSES, 10))})
    chatpose(["convert", "--quiet", str(files["SMPL npz (y up)"]), str(files["json"])])
    chatpose(["convert", "--quiet", str(files["SMPL npz (y up)"]), str(files["BVH, ours"])])
    return files


def _write_pickle(path: Path, arrays: dict[str, np.ndarray]) -> None:
    import pickle

    path.write_bytes(pickle.dumps(arrays))


def joint_difference_mm(first: PoseClip, second: PoseClip, body: BodyModel, *, in_place: bool) -> float:
    """Largest distance of any joint in any frame, millimetres, shape left out."""
    pair = []
    for clip in (first, second):
        transl = clip.pose.transl * 0 if in_place else clip.pose.transl
        pair.append(body.joints(clip.pose.replace(betas=clip.pose.betas * 0, transl=transl)))
    return 1000 * (pair[0] - pair[1]).norm(dim=-1).max().item()


def opens(path: Path, kind: Format) -> bool:
    """Whether a reader that isn't ours accepts the file."""
    readers: dict[str, Callable[[], bool]] = {
        ".png": lambda: Image.open(path).size == (512, 512),
        ".json": lambda: len(json.loads(path.read_text())["people"]) == 1,
        ".obj": lambda: len(_trimesh(path).vertices) > 1000,
        ".glb": lambda: len(_trimesh(path).vertices) > 1000,
    }
    return readers["." + kind.suffixes[0].rsplit(".", 1)[-1]]()


def _trimesh(path: Path):
    import trimesh

    return trimesh.load_mesh(path, process=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with cmu_poses_30k.npz and makehuman_poses/")
    options = parser.parse_args()
    body = BodyModel.open()
    targets = [kind for kind in FORMATS if kind.writer]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = sample_inputs(options.data, folder)
        print("| from \\ to | " + " | ".join(kind.suffixes[0] for kind in targets) + " |")
        print("|---" * (len(targets) + 1) + "|")
        for label, source in files.items():
            cells = [_cell(source, kind, folder, body) for kind in targets]
            print(f"| {label} | " + " | ".join(cells) + " |")


def _cell(source: Path, kind: Format, folder: Path, body: BodyModel) -> str:
    target = folder / f"out{kind.suffixes[0]}"
    pick = [] if kind.reader else ["--frame", "0"]
    code = chatpose(["convert", "--quiet", str(source), str(target), *pick])
    if code != 0:
        return f"**exit {code}**"
    if not kind.reader:
        return "ok" if opens(target, kind) else "**not accepted**"
    return f"{joint_difference_mm(load(source), load(target), body, in_place=kind.name == 'npy'):.3f}"


if __name__ == "__main__":
    main()
