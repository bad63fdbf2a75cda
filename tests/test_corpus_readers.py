"""Readers on small files of the documented layouts; the originals need registration and aren't here."""

from pathlib import Path, PurePath

import numpy as np
import pytest
import torch
from corpus_files import (
    write_amass,
    write_amass_folder,
    write_bvh,
    write_humanml3d,
    write_json,
    write_posefix,
    write_posescript,
)
from test_acclaim import write as write_amc

from chatpose.body.rotations import heading_angle
from chatpose.corpus.amass import AmassFiles, AmassFolder
from chatpose.corpus.humanml3d import HumanML3D, read_sentences
from chatpose.corpus.motion_folders import MotionFolder
from chatpose.corpus.open_collection import collection_names, open_collection, parse_source
from chatpose.corpus.packed_collection import PackedCollection
from chatpose.corpus.posescript import PoseFix, PoseScript, official_split
from chatpose.corpus.source import Collection, PoseRows
from chatpose.corpus.subjects import amass_subject, cmu_number, folder_subject
from chatpose.errors import InvalidPoseError, MissingFileError, UnreadableFileError
from chatpose.formats import load

FILES = {
    "CMU/01/01_01_poses.npz": 30,
    "CMU/20_21_rory1/20_11_poses.npz": 20,
    "KIT/3/kick_high_left02_poses.npz": 45,
    "MPI_HDM05/mm/HDM_mm_08-01_01_120_poses.npz": 240,
}


@pytest.fixture
def amass(tmp_path: Path) -> Path:
    root = write_amass_folder(tmp_path / "amass", FILES)
    np.savez(root / "CMU/01/shape.npz", betas=np.zeros(16))
    return root


def read_all(collection: Collection) -> dict[str, PoseRows]:
    return {source.name: source.read() for source in collection.sources()}


# --- people ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "person"),
    [
        ("CMU/01/01_01_poses.npz", "cmu/1"),
        ("CMU/CMU/127/127_36_poses.npz", "cmu/127"),
        ("CMU/20_21_rory1/21_11_poses.npz", "cmu/21"),
        ("ACCAD/Female1Running_c3d/C19_stageii.npz", "accad/female1"),
        ("ACCAD/Female1General_c3d/A3 - Swing t2_poses.npz", "accad/female1"),
        ("SSM_synced/20161014_50033/ATUSquat_sync_poses.npz", "mpi/50033"),
        ("DFaust_67/50033/50033_punching_poses.npz", "mpi/50033"),
        ("EKUT/300/PushBK_25_poses.npz", "kit/300"),
        ("KIT/300/a_poses.npz", "kit/300"),
        ("DanceDB/20120731_StefanosTheodorou/x_poses.npz", "dancedb/stefanostheodorou"),
        ("Transitions_mocap/mazen_c3d/x_poses.npz", "transitions/mazen"),
        ("mine/anna/x.npz", "mine/anna"),
    ],
)
def test_a_person_has_one_name_in_all_subsets(path, person):
    assert amass_subject(PurePath(path)) == person


def test_files_named_as_cmus_are_cmus_people():
    assert [cmu_number(stem) for stem in ("07_01", "127_36", "walk_07", "7_1", "2024_01")] == [7, 127, None, None, None]
    assert folder_subject("x", PurePath("a/07_01.bvh")) == "cmu/7"
    assert folder_subject("X", PurePath("anna/walk.bvh")) == "x/anna"
    assert folder_subject("x", PurePath("walk.bvh")) == folder_subject("x", PurePath("run.bvh")) == "x"


# --- AMASS -----------------------------------------------------------------------------------------------------------


def test_amass_gives_a_source_a_file(amass):
    folder = AmassFolder(amass, fps=20)
    sources = {source.name: source for source in folder.sources()}
    assert list(sources) == sorted(FILES)  # shape.npz is a body without motion
    assert sources["CMU/20_21_rory1/20_11_poses.npz"].subjects == ("cmu/20",)
    rows = sources["KIT/3/kick_high_left02_poses.npz"].read()
    assert rows.frames.tolist() == list(range(0, 45, 3))  # 60 a second
    assert rows.texts == rows.clip_texts == ((),) * 15
    whole = load(amass / "KIT/3/kick_high_left02_poses.npz").pose
    assert torch.equal(rows.pose.global_orient, whole.global_orient[::3])
    assert float(rows.pose.global_orient[0, 1, 1]) > 0.9  # upright with y up


@pytest.mark.parametrize("part", ["CMU", "CMU/01"])
def test_any_part_of_amass_will_do(amass, part):
    names = {source.subjects[0] for source in AmassFolder(amass / part).sources()}
    assert "cmu/1" in names
    assert all(name.startswith("cmu/") for name in names)


def test_amass_files_are_found_in_either_edition(tmp_path):
    root = tmp_path / "smplx"
    write_amass(root / "HDM05/mm/HDM_mm_08-01_01_120_stageii.npz")
    write_amass(root / "CMU/CMU/01/01_01_poses.npz")
    write_amass(root / "ACCAD/Female1Running_c3d/C19_-_run_stageii.npz")
    files = AmassFiles(root)
    found = files.find("MPI_HDM05/mm/HDM_mm_08-01_01_120_poses.npz")
    assert found
    assert files.subject(found) == "hdm05/mm"
    assert files.find("CMU/01/01_01_poses.npz") == root / "CMU/CMU/01/01_01_poses.npz"
    assert files.find("ACCAD/Female1Running_c3d/C19 - run_poses.npz")
    assert files.find("CMU/02/02_01_poses.npz") is None
    assert files.find("../../etc/passwd") is None
    assert files.find("") is None


# --- BVH, AMC, packed ------------------------------------------------------------------------------------------------


def test_bvh_folders_are_read_with_their_sub_folders(tmp_path):
    write_bvh(tmp_path / "moves/anna/walk.bvh")
    write_bvh(tmp_path / "moves/07_01.BVH")
    folder = MotionFolder(tmp_path / "moves", "bvh", fps=20)
    assert {source.name: source.subjects for source in folder.sources()} == {
        "07_01.BVH": ("cmu/7",),
        "anna/walk.bvh": ("moves/anna",),
    }
    assert read_all(folder)["anna/walk.bvh"].frames.tolist() == [0, 3, 6, 9]
    assert "not stated" in folder.info.licence


def test_amc_folders_take_the_asf_beside(tmp_path):
    write_amc(tmp_path, [{"lradius": [float(degree)]} for degree in range(13)])
    (source,) = MotionFolder(tmp_path, "amc", fps=20).sources()
    assert source.subjects == ("cmu/7",)
    assert source.read().frames.tolist() == [0, 6, 12]  # 120 a second
    before = source.fingerprint()
    (tmp_path / "07.asf").write_text((tmp_path / "07.asf").read_text() + "\n")
    assert source.fingerprint() != before


def test_packed_arrays_give_a_source_a_clip(shared_data):
    collection = PackedCollection(shared_data / "cmu_daz_poses_6k.npz")
    sources = list(collection.sources())
    assert len({source.name for source in sources}) == len(sources)
    rows = sources[0].read()
    assert rows.clip_texts[0][0]
    assert sum(len(source.read()) for source in sources[:3]) == sum(
        int((collection.packed.clip[collection.packed.rows()] == number).sum()) for number in range(3)
    )
    assert "NSF EIA-0196217" in collection.info.origin


# --- PoseScript and PoseFix ------------------------------------------------------------------------------------------

IDS = {
    "0": ["AMASS", "CMU/01/01_01_poses.npz", 4],
    "1": ["AMASS", "KIT/3/kick_high_left02_poses.npz", 44],
    "2": ["AMASS", "CMU/01/01_01_poses.npz", 2],
    "3": ["AMASS", "SFU/0018/x_poses.npz", 0],
}


def test_posescript_gives_poses_with_texts_of_their_own(tmp_path, amass):
    texts = {"0": ["arms up", " left knee bent "], "1": "a kick", "3": "not there", "2": []}
    collection = PoseScript(write_posescript(tmp_path / "ps", IDS, texts), amass)
    rows = read_all(collection)
    assert set(rows) == {"CMU/01/01_01_poses.npz", "KIT/3/kick_high_left02_poses.npz"}
    assert rows["CMU/01/01_01_poses.npz"].texts == (("arms up", "left knee bent"),)
    kick = rows["KIT/3/kick_high_left02_poses.npz"]
    assert kick.frames.tolist() == [44]
    whole = load(amass / "KIT/3/kick_high_left02_poses.npz").pose
    assert torch.equal(kick.pose.body_pose[0], whole.body_pose[44])
    assert collection.problems == ("1 of 4 poses are of AMASS files that aren't there",)
    assert official_split(tmp_path / "ps", "test") == {1}
    with pytest.raises(MissingFileError, match="val_ids"):
        official_split(tmp_path / "ps", "val")


def test_one_text_file_can_be_chosen(tmp_path, amass):
    folder = write_posescript(tmp_path / "ps", IDS, {"0": "by a person"})
    write_json(folder / "posescript_auto_100k.json", {"0": ["by rules"]})
    both = next(PoseScript(folder, amass).sources()).read()
    assert sorted(both.texts[0]) == ["by a person", "by rules"]
    one = next(PoseScript(folder / "posescript_human_6293.json", amass).sources()).read()
    assert one.texts == (("by a person",),)


def test_posefix_gives_pairs_and_keeps_turns_within_a_recording(tmp_path):
    amass = tmp_path / "amass"
    poses = np.zeros((6, 156))
    poses[:, :3] = (np.pi / 2, 0, 0)
    poses[5, :3] = 2 * np.pi / 3 * np.ones(3) / np.sqrt(3)  # upright, turned by 90° to the left
    trans = np.arange(18).reshape(6, 3) * 0.1
    write_amass(amass / "CMU/01/01_01_poses.npz", 6, poses=poses, trans=trans)
    write_amass(amass / "KIT/3/a_poses.npz", 6, poses=poses, trans=trans)
    ids = {str(frame): ["AMASS", "CMU/01/01_01_poses.npz", frame] for frame in (0, 5)}
    ids["7"] = ["AMASS", "KIT/3/a_poses.npz", 5]
    folder = write_posefix(tmp_path / "pf", ids, [[0, 5], [0, 7]], {"0": ["turn left"], "1": "bend it"})
    sources = {source.name: source for source in PoseFix(folder, amass).sources()}
    assert sources["0"].subjects == ("cmu/1",)
    assert sources["1"].subjects == ("cmu/1", "kit/3")
    assert sources["0"].is_pair
    turn, other = sources["0"].read(), sources["1"].read()
    assert turn.texts == ((), ("turn left",))
    assert other.texts == ((), ("bend it",))
    assert torch.allclose(heading_angle(turn.pose.global_orient), torch.tensor([0, np.pi / 2]).float(), atol=1e-5)
    assert torch.allclose(turn.pose.transl[0, [0, 2]], torch.zeros(2), atol=1e-6)
    moved = torch.tensor([1.5, -1.5])  # x, and what was y in the z-up world
    assert torch.allclose(turn.pose.transl[1, [0, 2]] - turn.pose.transl[0, [0, 2]], moved, atol=1e-4)
    assert torch.allclose(heading_angle(other.pose.global_orient), torch.zeros(2), atol=1e-5)


def test_lists_that_dont_fit_the_files_are_told(tmp_path, amass):
    ids = {"0": ["AMASS", "CMU/01/01_01_poses.npz", 99]}
    source = next(PoseScript(write_posescript(tmp_path / "ps", ids, {"0": "x"}), amass).sources())
    with pytest.raises(InvalidPoseError, match=r"01_01_poses\.npz has 30 frames, none of number 99"):
        source.read()


@pytest.mark.parametrize(
    ("ids", "texts", "words"),
    [
        ({"0": ["AMASS", 3, 4]}, {"0": "x"}, "pose 0"),
        ({"0": ["other", "a.npz", 4]}, {"0": "x"}, "pose 0"),
        ({"0": ["AMASS", "a.npz", -4]}, {"0": "x"}, "pose 0"),
        (IDS, {"9": "x"}, "no pose 9"),
        (IDS, {"0": 5}, "'0' is '5'"),
        (IDS, ["x"], "holds list"),
    ],
)
def test_releases_in_another_layout_are_refused(tmp_path, amass, ids, texts, words):
    folder = write_posescript(tmp_path / "ps", ids, texts)
    with pytest.raises(UnreadableFileError, match=words):
        PoseScript(folder, amass)


def test_broken_json_is_named_by_line(tmp_path, amass):
    folder = write_posescript(tmp_path / "ps", IDS, {})
    (folder / "posescript_human_6293.json").write_text('{"0": "x",\n"1": "y"\n"2": "z"}')
    with pytest.raises(UnreadableFileError, match=r"posescript_human_6293\.json:3: not JSON"):
        PoseScript(folder, amass)
    (folder / "posescript_human_6293.json").write_bytes(b'{"0":\n"\xff"}')
    with pytest.raises(UnreadableFileError, match=r"6293\.json:2: bytes that aren't UTF-8"):
        PoseScript(folder, amass)


# --- HumanML3D -------------------------------------------------------------------------------------------------------

WORDS = "a/DET man/NOUN kick/VERB"


def test_humanml3d_gives_stretches_with_sentences(tmp_path, amass):
    folder = write_humanml3d(
        tmp_path / "HumanML3D",
        [
            "./pose_data/KIT/3/kick_high_left02_poses.npy,2,12,000000.npy",
            "./pose_data/MPI_HDM05/mm/HDM_mm_08-01_01_120_poses.npy,0,-1,000001.npy",
            "./pose_data/humanact12/humanact12/P11G01R02F1812T1847A0402.npy,0,-1,000002.npy",
            "./pose_data/SFU/0018/x_poses.npy,0,9,000003.npy",
        ],
        {"000000": f"a man kicks#{WORDS}#0.0#0.0\nhe lifts it#{WORDS}#0.1#0.3\n", "000001": f"x#{WORDS}#nan#nan"},
    )
    collection = HumanML3D(folder, amass)
    rows = read_all(collection)
    assert rows["000000"].frames.tolist() == list(range(6, 36, 3))
    assert rows["000000"].clip_texts[1] == ("a man kicks",)
    assert rows["000000"].clip_texts[2] == ("a man kicks", "he lifts it")
    assert rows["000000"].clip_texts[6] == ("a man kicks",)
    # 60 a second: three seconds are cut off the start, and the last frame is left out.
    assert rows["000001"].frames.tolist() == list(range(180, 237, 3))
    assert {source.name: source.subjects[0] for source in collection.sources()} == {
        "000000": "kit/3",
        "000001": "hdm05/mm",
    }
    assert collection.problems == (
        "1 of 4 motions are of AMASS files that aren't there",
        "1 motions of HumanAct12 have joint positions only",
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"fine#{WORDS}#0.0#0.0\nno hashes here\n", r"000000\.txt:2: 'no hashes here'"),
        (f"\nfine#{WORDS}#a#0.0\n", r"000000\.txt:2: 'a#0\.0' aren't seconds"),
        (f"fine#{WORDS}#3.0#1.0\n", r"000000\.txt:1: from 3 s to 1 s"),
        (f" #{WORDS}#0.0#0.0\n", r"000000\.txt:1"),
        ("\n\n", r"000000\.txt:1: no sentence"),
        (f"a\x00b\udcff#{WORDS}", r"000000\.txt"),
    ],
)
def test_malformed_lines_are_named(tmp_path, text, words):
    path = tmp_path / "000000.txt"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UnreadableFileError, match=words):
        read_sentences(path)


def test_a_bad_index_is_named_by_line(tmp_path, amass):
    rows = ["KIT/3/kick_high_left02_poses.npy,0,9,000000.npy", "KIT/3/kick_high_left02_poses.npy,zero,9,000001.npy"]
    with pytest.raises(UnreadableFileError, match=r"index\.csv:3: 'zero' isn't a frame"):
        HumanML3D(write_humanml3d(tmp_path / "h", rows, {}), amass)
    with pytest.raises(UnreadableFileError, match=r"index\.csv:2: 2 values"):
        HumanML3D(write_humanml3d(tmp_path / "h", ["a,b"], {}), amass)
    (tmp_path / "h/index.csv").write_text("a,b\n")
    with pytest.raises(UnreadableFileError, match=r"index\.csv:1: no column source_path"):
        HumanML3D(tmp_path / "h", amass)


# --- which reader ----------------------------------------------------------------------------------------------------


def test_the_kind_is_told_from_the_content(tmp_path, amass, shared_data):
    write_bvh(tmp_path / "b/x.bvh")
    (tmp_path / "a").mkdir()
    write_amc(tmp_path / "a", [{}])
    places = {
        "amass": amass,
        "bvh": tmp_path / "b",
        "amc": tmp_path / "a",
        "packed": shared_data / "cmu_daz_poses_6k.npz",
        "posescript": write_posescript(tmp_path / "ps", IDS, {"0": "x"}),
        "posefix": write_posefix(tmp_path / "pf", IDS, [[0, 2]], {"0": "x"}),
        "humanml3d": write_humanml3d(tmp_path / "h", [], {}),
    }
    for kind, place in places.items():
        assert parse_source(str(place)) == (kind, place)
        opened = open_collection(kind, place, amass=amass)
        assert opened.info.kind == kind
        assert opened.info.licence
        assert opened.info.origin
    assert parse_source(f"bvh:{amass}") == ("bvh", amass)
    with pytest.raises(MissingFileError, match="--amass"):
        open_collection("posefix", tmp_path / "pf")


def test_nothing_to_read_is_an_error(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnreadableFileError, match="empty"):
        parse_source(str(tmp_path / "empty"))
    with pytest.raises(MissingFileError, match="nowhere"):
        parse_source(str(tmp_path / "nowhere"))
    for kind in ("amass", "bvh", "amc", "posescript", "humanml3d"):
        with pytest.raises(MissingFileError):
            open_collection(kind, tmp_path / "empty", amass=tmp_path)


def test_names_of_collections_differ(tmp_path):
    places = [tmp_path / "a/walks", tmp_path / "b/walks", tmp_path / "c.npz"]
    places[2].touch()
    assert collection_names(places) == ["a/walks", "b/walks", "c"]
    with pytest.raises(UnreadableFileError, match="twice"):
        collection_names([tmp_path, tmp_path / "a" / ".."])
