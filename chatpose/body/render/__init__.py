"""Pictures of bodies on the CPU: NumPy and Pillow, no graphics library."""

from chatpose.body.render.camera import Camera
from chatpose.body.render.figure import Figure, figure_of_body, figures_of_poses
from chatpose.body.render.picture import Look, render
from chatpose.body.render.raster import rasterize
from chatpose.body.render.sheet import render_sheet

__all__ = ["Camera", "Figure", "Look", "figure_of_body", "figures_of_poses", "rasterize", "render", "render_sheet"]
