import numpy as np
import pytest

from chatpose.body.humanoid_names import match_humanoid, split_name
from chatpose.body.skeleton import SMPL, Skeleton
from chatpose.body.skeletons import BODY_JOINT_COUNT, CMU, CMU_OF_SMPL, SMPLH, SMPLX, index_map


def tree(spec: str) -> Skeleton:
    """A skeleton from chains: `a > b > c; a > d`."""
    names: list[str] = []
    parents: list[int] = []
    for chain in spec.split(";"):
        above = -1
        for name in (word.strip() for word in chain.split(">")):
            if name not in names:
                names.append(name)
                parents.append(above)
            above = names.index(name)
    return Skeleton("test", tuple(names), tuple(parents))


def both(chain: str, left: str, right: str) -> str:
    """A chain for both sides; `@` stands for the side."""
    return f"{chain.replace('@', left)}; {chain.replace('@', right)}"


MIXAMO = "; ".join(
    (
        both("M:Hips > M:@UpLeg > M:@Leg > M:@Foot > M:@ToeBase > M:@Toe_End", "Left", "Right"),
        "M:Hips > M:Spine > M:Spine1 > M:Spine2 > M:Neck > M:Head > M:HeadTop_End",
        both(
            "M:Hips > M:Spine > M:Spine1 > M:Spine2 > M:@Shoulder > M:@Arm > M:@ForeArm > M:@Hand > M:@HandMiddle1",
            "Left",
            "Right",
        ),
        both("M:Hips > M:Spine > M:Spine1 > M:Spine2 > M:@Shoulder > M:@Arm > M:@ForeArm > M:@Hand > M:@HandThumb1",
             "Left", "Right"),
    )
).replace("M:", "mixamorig:")  # fmt: skip

CMU_BVH = "; ".join(
    (
        "Hips > LHipJoint > LeftUpLeg > LeftLeg > LeftFoot > LeftToeBase",
        "Hips > RHipJoint > RightUpLeg > RightLeg > RightFoot > RightToeBase",
        "Hips > LowerBack > Spine > Spine1 > Neck > Neck1 > Head",
        both("Hips > LowerBack > Spine > Spine1 > @Shoulder > @Arm > @ForeArm > @Hand > @FingerBase > @HandIndex1",
             "Left", "Right"),
        "Hips > LowerBack > Spine > Spine1 > LeftShoulder > LeftArm > LeftForeArm > LeftHand > LThumb",
    )
)  # fmt: skip

DAZ = "; ".join(
    (
        both("hip > @Buttock > @Thigh > @Shin > @Foot", "l", "r"),
        "hip > abdomen > chest > neck > head > leftEye",
        both("hip > abdomen > chest > @Collar > @Shldr > @ForeArm > @Hand > @Mid1", "l", "r"),
    )
)
DAZ8 = "; ".join(
    (
        both("hip > pelvis > @ThighBend > @ThighTwist > @Shin > @Foot > @Metatarsals > @Toe", "l", "r"),
        "hip > abdomenLower > abdomenUpper > chestLower > chestUpper > neckLower > neckUpper > head",
        both("hip > abdomenLower > abdomenUpper > chestLower > chestUpper > @Collar > @ShldrBend > @ShldrTwist > "
             "@ForearmBend > @ForearmTwist > @Hand", "l", "r"),
    )
)  # fmt: skip
UNREAL = "; ".join(
    (
        both("root > pelvis > thigh_@ > calf_@ > foot_@ > ball_@", "l", "r"),
        both("root > pelvis > thigh_@ > thigh_twist_01_@", "l", "r"),
        "root > pelvis > spine_01 > spine_02 > spine_03 > neck_01 > head",
        both("root > pelvis > spine_01 > spine_02 > spine_03 > clavicle_@ > upperarm_@ > lowerarm_@ > hand_@ > "
             "middle_01_@", "l", "r"),
        both("root > pelvis > spine_01 > spine_02 > spine_03 > clavicle_@ > upperarm_@ > upperarm_twist_01_@", "l",
             "r"),
    )
)  # fmt: skip
VRM = "; ".join(
    (
        both("Hips > @UpperLeg > @LowerLeg > @Foot > @Toes", "Left", "Right"),
        "Hips > Spine > Chest > UpperChest > Neck > Head",
        both("Hips > Spine > Chest > UpperChest > @Shoulder > @UpperArm > @LowerArm > @Hand", "Left", "Right"),
    )
)
VROID = VRM.replace("Left", "J_Bip_L_").replace("Right", "J_Bip_R_").replace("Hips", "J_Bip_C_Hips")
BIPED = "; ".join(
    (
        "Bip01 > Bip01 Pelvis > Bip01 Spine > Bip01 Spine1 > Bip01 Neck > Bip01 Head",
        both("Bip01 > Bip01 Pelvis > Bip01 Spine > Bip01 @ Thigh > Bip01 @ Calf > Bip01 @ Foot > Bip01 @ Toe0", "L",
             "R"),
        both("Bip01 > Bip01 Pelvis > Bip01 Spine > Bip01 Spine1 > Bip01 Neck > Bip01 @ Clavicle > Bip01 @ UpperArm > "
             "Bip01 @ Forearm > Bip01 @ Hand > Bip01 @ Finger0", "L", "R"),
    )
)  # fmt: skip
BANDAI = "; ".join(
    (
        both("joint_Root > Hips > UpperLeg_@ > LowerLeg_@ > Foot_@ > Toes_@", "L", "R"),
        "joint_Root > Hips > Spine > Chest > Neck > Head",
        both("joint_Root > Hips > Spine > Chest > Shoulder_@ > UpperArm_@ > LowerArm_@ > Hand_@", "L", "R"),
    )
)
ROKOKO = "; ".join(
    (
        both("Hips > @Thigh > @Shin > @Foot > @Toe", "Left", "Right"),
        "Hips > Spine1 > Spine2 > Spine3 > Spine4 > Neck > Head",
        both("Hips > Spine1 > Spine2 > Spine3 > Spine4 > @Shoulder > @Arm > @ForeArm > @Hand", "Left", "Right"),
    )
)
XSENS = "; ".join(
    (
        both("Hips > @Hip > @Knee > @Ankle > @Toe", "Left", "Right"),
        "Hips > Chest > Chest2 > Chest3 > Chest4 > Neck > Head",
        both("Hips > Chest > Chest2 > Chest3 > Chest4 > @Collar > @Shoulder > @Elbow > @Wrist", "Left", "Right"),
    )
)
CHARACTER_CREATOR = "; ".join(
    (
        both("CC_Base_Hip > CC_Base_Pelvis > CC_Base_@_Thigh > CC_Base_@_Calf > CC_Base_@_Foot > CC_Base_@_ToeBase",
             "L", "R"),
        "CC_Base_Hip > CC_Base_Waist > CC_Base_Spine01 > CC_Base_Spine02 > CC_Base_NeckTwist01 > CC_Base_Head",
        both("CC_Base_Hip > CC_Base_Waist > CC_Base_Spine01 > CC_Base_Spine02 > CC_Base_@_Clavicle > "
             "CC_Base_@_Upperarm > CC_Base_@_Forearm > CC_Base_@_Hand", "L", "R"),
    )
)  # fmt: skip
MAKEHUMAN = "; ".join(
    (
        both("root > pelvis.@ > upperleg01.@ > upperleg02.@ > lowerleg01.@ > lowerleg02.@ > foot.@ > toe1-1.@", "L",
             "R"),
        "root > spine05 > spine04 > spine03 > spine02 > spine01 > neck01 > neck02 > neck03 > head",
        both("root > spine05 > spine04 > spine03 > spine02 > spine01 > clavicle.@ > shoulder01.@ > upperarm01.@ > "
             "upperarm02.@ > lowerarm01.@ > lowerarm02.@ > wrist.@ > finger3-1.@", "L", "R"),
    )
)  # fmt: skip
SMPL_SHORT = "; ".join(
    (
        both("Pelvis > @_Hip > @_Knee > @_Ankle > @_Foot", "L", "R"),
        "Pelvis > Spine1 > Spine2 > Spine3 > Neck > Head",
        both("Pelvis > Spine1 > Spine2 > Spine3 > @_Collar > @_Shoulder > @_Elbow > @_Wrist > @_Hand", "L", "R"),
    )
)

# convention: pelvis, left hip, left knee, left ankle, spine3, left shoulder, left elbow, left wrist, head
ZOO = {
    "mixamo": (
        MIXAMO,
        "mixamorig:Hips mixamorig:LeftUpLeg mixamorig:LeftLeg mixamorig:LeftFoot mixamorig:Spine2 mixamorig:LeftArm "
        "mixamorig:LeftForeArm mixamorig:LeftHand mixamorig:Head",
    ),
    "cmu_bvh": (CMU_BVH, "Hips LeftUpLeg LeftLeg LeftFoot Spine1 LeftArm LeftForeArm LeftFingerBase Head"),
    "daz": (DAZ, "hip lThigh lShin lFoot chest lShldr lForeArm lHand head"),
    "daz8": (DAZ8, "pelvis lThighBend lShin lFoot chestUpper lShldrBend lForearmBend lHand head"),
    "unreal": (UNREAL, "pelvis thigh_l calf_l foot_l spine_03 upperarm_l lowerarm_l hand_l head"),
    "vrm": (VRM, "Hips LeftUpperLeg LeftLowerLeg LeftFoot UpperChest LeftUpperArm LeftLowerArm LeftHand Head"),
    "vroid": (
        VROID,
        "J_Bip_C_Hips J_Bip_L_UpperLeg J_Bip_L_LowerLeg J_Bip_L_Foot UpperChest J_Bip_L_UpperArm J_Bip_L_LowerArm "
        "J_Bip_L_Hand Head",
    ),
    "bandai": (BANDAI, "Hips UpperLeg_L LowerLeg_L Foot_L Chest UpperArm_L LowerArm_L Hand_L Head"),
    "rokoko": (ROKOKO, "Hips LeftThigh LeftShin LeftFoot Spine4 LeftArm LeftForeArm LeftHand Head"),
    "xsens": (XSENS, "Hips LeftHip LeftKnee LeftAnkle Chest4 LeftShoulder LeftElbow LeftWrist Head"),
    "makehuman": (
        MAKEHUMAN,
        "root upperleg01.L lowerleg01.L foot.L spine01 upperarm01.L lowerarm01.L wrist.L head",
    ),
    "smpl": (SMPL_SHORT, "Pelvis L_Hip L_Knee L_Ankle Spine3 L_Shoulder L_Elbow L_Wrist Head"),
}
ASKED = ["pelvis", "left_hip", "left_knee", "left_ankle", "spine3", "left_shoulder", "left_elbow", "left_wrist", "head"]


@pytest.mark.parametrize("convention", ZOO)
def test_joints_of_many_naming_conventions_are_found(convention):
    spec, expected = ZOO[convention]
    skeleton = tree(spec)
    match = match_humanoid(skeleton)
    assert not match.missing_required
    assert [skeleton.joint_names[match.joints[name]] for name in ASKED] == expected.split()


@pytest.mark.parametrize("spec", [BIPED, CHARACTER_CREATOR, *(spec for spec, _ in ZOO.values())])
def test_sides_are_never_confused(spec):
    skeleton = tree(spec)
    match = match_humanoid(skeleton)
    assert not match.missing_required
    for name, joint in match.joints.items():
        side = split_name(skeleton.joint_names[joint]).side
        assert side == ("" if "_" not in name else name.split("_")[0]), (name, skeleton.joint_names[joint])
    assert len(set(match.joints.values())) == len(match.joints)


def test_old_bipeds_hang_legs_on_the_spine_and_arms_on_the_neck():
    skeleton = tree(BIPED)
    match = match_humanoid(skeleton)
    assert skeleton.joint_names[match.joints["pelvis"]] == "Bip01 Pelvis"
    assert skeleton.joint_names[match.joints["spine3"]] == "Bip01 Spine1"


def test_split_bones_turn_with_their_last_segment():
    skeleton = tree(MAKEHUMAN)
    match = match_humanoid(skeleton)
    turning = {name: skeleton.joint_names[joint] for name, joint in match.turning.items()}
    assert turning["left_hip"] == "upperleg02.L"
    assert turning["right_elbow"] == "lowerarm02.R"
    assert turning["left_shoulder"] == "upperarm02.L"


def test_cmu_forearm_turns_with_the_bone_called_wrist():
    match = match_humanoid(CMU)
    assert CMU.joint_names[match.turning["left_elbow"]] == "lwrist"
    assert {name: CMU.joint_names[joint] for name, joint in match.joints.items()} == dict(CMU_OF_SMPL)


@pytest.mark.parametrize(
    ("name", "side", "word"),
    [
        ("LeftHip", "left", "hip"),
        ("hip", "", "hip"),
        ("Hips", "", "hips"),
        ("LHipJoint", "left", "hip"),
        ("rButtock", "right", "buttock"),
        ("lowerback", "", "lowerback"),
        ("lradius", "left", "radius"),
        ("radius", "", "radius"),
        ("m_avg_R_Ankle", "right", "ankle"),
        ("DEF-upper_arm.R", "right", "upperarm"),
        ("ValveBiped.Bip01_L_Calf", "left", "calf"),
        ("LEFTARM", "left", "arm"),
        ("Leg_R", "right", "leg"),
        ("Character1_RightForeArm", "right", "forearm"),
        ("", "", ""),
        ("123", "", ""),
    ],
)
def test_names_are_taken_apart(name, side, word):
    assert (split_name(name).side, split_name(name).word) == (side, word)


def test_what_is_missing_is_said():
    skeleton = tree("Hips > LeftUpLeg > LeftLeg > LeftFoot; Hips > Spine > Head; Hips > RightUpLeg")
    missing = match_humanoid(skeleton).missing_required
    assert "left shoulder" in missing
    assert "right knee" in missing
    assert "left knee" not in missing


@pytest.mark.parametrize("spec", ["chassis > wheel1; chassis > wheel2", "a", "Hips > Hips2 > LeftUpLeg"])
def test_things_that_are_no_person_match_nothing_needed(spec):
    assert "pelvis" in match_humanoid(tree(spec)).missing_required


def test_deep_and_wide_skeletons_are_no_trap():
    chain = Skeleton("chain", tuple(f"LeftUpLeg{i}" for i in range(1000)), tuple(range(-1, 999)))
    star = Skeleton("star", tuple(f"LeftArm{i}" for i in range(1000)), (-1, *[0] * 999))
    assert match_humanoid(chain).missing_required
    assert match_humanoid(star).missing_required


def test_hand_skeletons_share_smpls_body():
    assert (len(SMPLH), len(SMPLX), len(CMU)) == (52, 55, 31)
    for skeleton in (SMPLH, SMPLX):
        assert skeleton.joint_names[:BODY_JOINT_COUNT] == SMPL.joint_names[:BODY_JOINT_COUNT]
        assert skeleton.parents[:BODY_JOINT_COUNT] == SMPL.parents[:BODY_JOINT_COUNT]
        assert index_map(SMPL, skeleton) == (*range(BODY_JOINT_COUNT), -1, -1)
    assert SMPLH.joint_names[SMPLH.parents[SMPLH.index("left_thumb1")]] == "left_wrist"
    assert SMPLX.joint_names[22:26] == ("jaw", "left_eye", "right_eye", "left_index1")
    assert index_map(SMPLH, SMPLX)[22] == 25


def test_mirrored_hand_joints():
    assert SMPLX.joint_names[SMPLX.mirror_index[SMPLX.index("left_ring2")]] == "right_ring2"


def test_cmu_is_the_given_datas_skeleton(shared_data):
    with np.load(shared_data / "cmu_poses_30k.npz") as file:
        assert tuple(file["joint_names"]) == CMU.joint_names
        assert tuple(file["parents"]) == CMU.parents
        bvh = Skeleton("BVH", tuple(str(name) for name in file["bvh_names"]), CMU.parents)
    assert match_humanoid(bvh).joints == match_humanoid(CMU).joints
