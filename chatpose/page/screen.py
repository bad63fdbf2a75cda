"""What is on screen: the current pose of a conversation as A, and what it is compared with as B."""

import dataclasses

from chatpose.agent.items import PoseItem
from chatpose.body.pose import Pose, stack_poses
from chatpose.body.skeleton import SMPL
from chatpose.formats.clip import PoseClip
from chatpose.page import photos, viewer
from chatpose.page.desk import Desk
from chatpose.page.session import Shown
from chatpose.page.visit import Visit
from chatpose.perception.one_thread import one_thread

DRAFT = "Draft"


def show(desk: Desk, visit: Visit) -> list[viewer.Command]:
    """Puts the current pose of the conversation on screen; the first example where there is none."""
    item = visit.state.current_pose
    visit.readings = False
    if item is None:
        shown = desk.page.examples[0].shown
        visit.session.shown["A"] = shown
        about = desk.page.examples[0].about
        return [viewer.load("A", shown, desk.page.bodies, about=about), viewer.photo("", "")]
    shown = shown_of(desk, visit, item)
    command = viewer.load("A", shown, desk.page.bodies, unseen=unseen_of(item), about=item.description)
    visit.session.shown["A"] = shown
    commands = [command, viewer.photo("", "")]
    return [*commands, viewer.frame(item.frame // viewer.shown_stride(len(shown.clip)))] if item.frame else commands


def show_beside(desk: Desk, visit: Visit, shown: Shown, number: int | None = None) -> list[viewer.Command]:
    """Puts something on screen as B."""
    command = viewer.load("B", shown, desk.page.bodies)
    visit.session.shown["B"] = shown
    visit.compared = number
    return [command]


def draft(desk: Desk, pose: Pose) -> list[viewer.Command]:
    """A pose that isn't checked yet; it is shown, and nothing else."""
    shown = Shown(DRAFT, PoseClip(stack_poses([pose])))
    return [viewer.load("A", shown, desk.page.bodies, draft=True)]


def shown_of(desk: Desk, visit: Visit, item: PoseItem) -> Shown:
    """A pose of the conversation as a clip for the viewer and for downloads."""
    if item.clip is not None:
        return Shown(item.title, item.clip, visit.seen.get(item.number))
    layout = item.source if item.source in ("photo", "library") else "pose"
    clip = PoseClip(
        stack_poses([item.pose]), layout=layout, shape_space=desk.page.body.data.shape_space, notes=item.notes
    )
    return Shown(item.title, clip, visit.seen.get(item.number))


def unseen_of(item: PoseItem) -> list[str]:
    """Joints that nothing is said of."""
    if item.seen is None or item.source != "photo":
        return []
    return [name for name, seen in zip(SMPL.joint_names, item.seen.visible.tolist(), strict=True) if not seen]


@one_thread()
def see(visit: Visit, item: PoseItem) -> photos.SeenPhoto | None:
    """The photo behind a pose, ready to be drawn on; None where there is none, or it wasn't kept."""
    if item.seen is None or item.seen.found is None or item.source != "photo":
        return None
    photo = visit.state.photo(item.seen.photo)
    if item.number not in visit.seen and photo is not None and photo.content is not None:
        visit.seen[item.number] = photos.seen_again(photo.content, photo.title, item.seen.found)
    return visit.seen.get(item.number)


def follow_frame(desk: Desk, visit: Visit, frame: int) -> None:
    """The frame that is looked at becomes the pose that is talked about."""
    item = visit.state.current_pose
    if item is None or item.clip is None or frame == item.frame or not 0 <= frame < len(item.clip):
        return
    pose = item.clip.pose_on(desk.page.body)[frame]
    bench = desk.bench(visit)
    changed = dataclasses.replace(
        item, frame=frame, pose=pose, joints=desk.page.body.joints(pose), description=bench.described(pose),
        names=bench.names(pose), checks=(),
    )  # fmt: skip
    replace_item(visit, changed)


def replace_item(visit: Visit, changed: PoseItem) -> None:
    """Exchanges a pose of the conversation for another reading of the same; no step of its own."""
    poses = tuple(changed if one.number == changed.number else one for one in visit.state.poses)
    visit.state = dataclasses.replace(visit.state, now=dataclasses.replace(visit.state.now, poses=poses))
