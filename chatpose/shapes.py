"""Names for the shapes of public tensors (jaxtyping), so that one word means one thing everywhere.

`*batch` is any number of leading axes. Rotations are matrices; positions are in metres, y up.
"""

from jaxtyping import Float
from torch import Tensor

Rotation = Float[Tensor, "*batch 3 3"]
Rotations24 = Float[Tensor, "*batch 24 3 3"]
BodyRotations = Float[Tensor, "*batch 23 3 3"]
JointRotations = Float[Tensor, "*batch joints 3 3"]
AxisAngle = Float[Tensor, "*batch 3"]
AxisAngle24 = Float[Tensor, "*batch 24 3"]
Quaternion = Float[Tensor, "*batch 4"]
Rotation6d = Float[Tensor, "*batch 6"]
Vector = Float[Tensor, "*batch 3"]
Joints24 = Float[Tensor, "*batch 24 3"]
Joints = Float[Tensor, "*batch joints 3"]
Offsets = Float[Tensor, "*#batch joints 3"]
Vertices = Float[Tensor, "*batch verts 3"]
Sites = Float[Tensor, "*batch sites 3"]
Betas = Float[Tensor, "*batch 10"]
Angle = Float[Tensor, "*batch"]
Angles69 = Float[Tensor, "*batch 69"]
Swing = Float[Tensor, "*batch 2"]
LimitRows = Float[Tensor, "*batch 79"]
CapsuleEnds = Float[Tensor, "*batch 44 3"]
PairDistances = Float[Tensor, "*batch pairs"]
GroundDistances = Float[Tensor, "*batch parts"]
PoseFeatures = Float[Tensor, "*batch 24 3"]
Height = Float[Tensor, "*batch"]
GoalValues = Float[Tensor, "*batch goals"]
