"""Everything with metres and radians: skeletons, rotations, poses, body models, contact, pictures."""
