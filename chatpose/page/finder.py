"""The finder component: a `gr.HTML` that runs ui/finder in the browser, and what is served beside it.

Its events: `find` and `alike` ask for poses (`chatpose.page.finding`), whose answers are its value; `use_a` and `use_b`
choose one; `wake` says that somebody is about to search.
"""

import asyncio
from typing import Any

from chatpose.page.search import statement_lines
from chatpose.page.thumbnails import Thumbnails
from chatpose.page.viewer import MOUNT

_ON_LOAD = f"""
(async () => {{
  const base = new URL("{MOUNT.lstrip("/")}/finder/gradio.js", document.baseURI);
  const {{ connect }} = await import(base.href);
  watch('value', connect(element, props, trigger));
}})();
// events that Python may listen to: 'find', 'alike', 'use_a', 'use_b', 'wake'
"""
_KEPT = {"cache-control": "private, max-age=3600"}


def finder_component(**options: Any) -> Any:
    """The component, for use inside `gr.Blocks`."""
    import gradio as gr

    return gr.HTML(
        value={},
        html_template='<div class="cp-finder"></div>',
        js_on_load=_ON_LOAD,
        apply_default_css=False,
        **options,
    )


def finder_routes(thumbnails: Thumbnails) -> list[Any]:
    """Pictures of found poses by their token, and the statements that there are."""
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    async def picture(request: Any) -> Response:
        drawing = thumbnails.picture(request.path_params["token"])
        if drawing is None:
            return Response("no such picture", 404, media_type="text/plain")
        # Shielded, as others may wait for the same picture when this visitor goes away.
        return Response(await asyncio.shield(asyncio.wrap_future(drawing)), media_type="image/webp", headers=_KEPT)

    async def statements(_: Any) -> Response:
        return JSONResponse(statement_lines(), headers=_KEPT)

    return [Route(f"{MOUNT}/poses/{{token}}.webp", picture), Route(f"{MOUNT}/statements.json", statements)]
