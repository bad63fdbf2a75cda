"""One knee of a wide stance bent or straightened: the hips go over the feet, which stay."""

from chatpose.language.verified.edit_done import Done, moved
from chatpose.language.verified.edit_stance import MORE, SIDES, ankles, on_floor, plant, room_above, stands
from chatpose.language.verified.edit_state import UP, Working
from chatpose.language.verified.edit_turns import make_turn
from chatpose.posecodes.definitions import knee
from chatpose.posecodes.instructions.plan import Change

ASTRIDE_M = 0.5
"""Feet so far apart that the hips can go over one of them."""


def over_stance(work: Working, change: Change) -> bool:
    """Whether the knee is one of a wide stance, over which the hips go lower or higher, both feet staying."""
    side = change.part.split()[0]
    if change.amount.exact or not stands(work) or not all(on_floor(work, one) for one in SIDES):
        return False
    feet = ankles(work)
    apart = (feet["left"] - feet["right"]) * feet["left"].new_tensor([1.0, 0.0, 1.0])
    if float(apart.norm()) < ASTRIDE_M:
        return False
    return change.way == "bend" or work.measure(knee(side)) < 155


def make_stance_knee(work: Working, change: Change) -> Done:
    """Bends or straightens one knee of a wide stance: the hips go towards that foot and down, or away and up."""
    side = change.part.split()[0]
    metric, feet = knee(side), ankles(work)
    before = work.measure(metric)
    target = _stance_target(change, before)
    hips = work.points.of("hips")[0]
    level = hips.new_tensor([1.0, 0.0, 1.0])
    sign = 1.0 if target < before else -1.0
    goal = feet[side] if sign > 0 else feet["right" if side == "left" else "left"]
    way = (goal - hips) * level
    start = work.copy()

    def risen(far: float) -> Working:
        tried = start.copy()
        tried.move(way * far)
        rise = room_above(tried, feet)
        tried = start.copy()
        plant(tried, dict(feet), way * far + way.new_tensor(UP) * rise)
        return tried

    best = 0.0
    if sign < 0:
        shares = [step / 10 for step in range(7)]
        best = max(shares, key=lambda far: _straighter(risen(far)))
        near = [best + step / 80 for step in range(-4, 5)]
        best = max(near, key=lambda far: _straighter(risen(far)))
        if not change.amount.exact and change.amount.size != "little" and risen(best).measure(metric) < 168:
            return make_turn(work, change)

    def moved_by(share: float) -> Working:
        tried = start.copy()
        pelvis = way * min(share, 1.0)
        if sign > 0:
            pelvis = pelvis - pelvis.new_tensor(UP) * max(0.0, share - 1.0) * 0.5
            plant(tried, dict(feet), pelvis)
        else:
            shift = (risen(best).transl - start.transl) * share
            plant(tried, dict(feet), shift)
        return tried

    low, high = 0.0, 1.9 if sign > 0 else 1.0
    for _ in range(14):
        share = (low + high) / 2
        short = (moved_by(share).measure(metric) - target) * sign
        low, high = (share, high) if short > 0 else (low, share)
    work.take(moved_by(high))
    after = work.measure(metric)
    amount = change.amount
    exact = target if amount.exact else None
    check = moved(f"{change.part} {change.way}", metric.name, "°", before, after, -sign, exact)
    return Done((check,), () if check.holds else (f"{change.part} {change.way}: the legs go no farther",))


def _straighter(work: Working) -> float:
    """The angle of the knee that is bent more."""
    return min(work.measure(knee(side)) for side in SIDES)


def _stance_target(change: Change, before: float) -> float:
    """The angle that the knee is to have."""
    amount, bends = change.amount, change.way == "bend"
    sign = -1.0 if bends else 1.0
    if amount.exact and amount.value is not None:
        if amount.absolute:
            return amount.value
        flexed = bends and not amount.by and 180 - before < amount.value - 20
        return 180 - amount.value if flexed else before + sign * amount.value
    if not bends:
        return min(before + 20.0, 172.0) if amount.size == "little" else 174.0
    plain = amount.size in ("plain", "lot") and not MORE.search(change.words)
    step = before - amount.of(18.0, 32.0, 55.0)
    return max(45.0, min(step, 100.0) if plain else step)
