"""Speed of floor and self contact by capsules, and how near the capsules are to the skin.

    python benchmarks/bench_contact.py [--batch 1024] [--threads 2] [--seconds 3]

Several threads on a busy machine spin while they wait and then cost several times as much; OMP_WAIT_POLICY=passive
keeps them from it.

Figure asked for: >= 20,000 poses/s in batches, all pairs and the floor, kinematics included.
"""

import argparse
import time

import torch

from chatpose.body.angle_table import ANGLE_NAMES
from chatpose.body.angles import angles_to_body_pose
from chatpose.body.capsules import CAPSULE_NAMES, CONTACT_PAIRS, body_capsules
from chatpose.body.contact import GROUND_PARTS, find_contacts
from chatpose.body.ground import floor_under, floor_under_capsules
from chatpose.body.joint_limits import clamp_angles
from chatpose.body.model import BodyModel
from chatpose.body.pose import Pose


def random_poses(count: int) -> Pose:
    angles = clamp_angles(torch.randn(count, len(ANGLE_NAMES)) * 0.5)
    upright = torch.eye(3).expand(count, 1, 3, 3)
    return Pose.from_rotations(torch.cat([upright, angles_to_body_pose(angles)], dim=-3))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    model = BodyModel.open()
    capsules = body_capsules(model)
    poses = random_poses(options.batch)
    print(f"{len(CAPSULE_NAMES)} capsules, {len(CONTACT_PAIRS)} pairs, {len(GROUND_PARTS)} parts on the floor")
    print(f"batch {options.batch}, {options.threads} threads")
    with torch.no_grad():
        find_contacts(capsules, model.kinematics(poses))
        rounds, wall, cpu = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - wall < options.seconds:
            find_contacts(capsules, model.kinematics(poses))
            rounds += 1
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        done = rounds * options.batch
        print(f"kinematics and contacts: {done / wall:,.0f} poses/s wall, {done / cpu:,.0f} poses per CPU second")
        few = poses[:256]
        error = floor_under_capsules(capsules, model.kinematics(few)) - floor_under(model(few).vertices)
        print(
            f"floor under capsules against floor under skin, {len(few)} random poses: "
            f"mean {1000 * float(error.abs().mean()):.1f} mm, worst {1000 * float(error.abs().max()):.1f} mm"
        )
    ok = done / wall >= 20_000
    print("OK" if ok else "MISSED: 20,000 poses/s")
    return 0 if ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
