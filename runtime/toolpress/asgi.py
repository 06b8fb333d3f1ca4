"""The server as an ASGI application, for uvicorn, granian and gunicorn, or mounted into another application.

    uvicorn --factory toolpress.asgi:create_app
    granian --interface asgi --factory toolpress.asgi:create_app
    gunicorn -k uvicorn_worker.UvicornWorker "toolpress.asgi:create_app()"

Mounted, the outer application must run our lifespan:

    tools = create_app("zihin")
    app = FastAPI(lifespan=with_lifespan(tools))
    app.mount("/tools", tools)              # the endpoint is then /tools/mcp
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastmcp import FastMCP
from fastmcp.server.http import StarletteWithLifespan
from fastmcp.utilities.lifespan import combine_lifespans

from toolpress import logs
from toolpress.catalog import find_catalog, installed
from toolpress.combined import application
from toolpress.errors import ConfigurationError
from toolpress.server import build_server
from toolpress.settings import Settings, load_settings

Lifespan = Callable[[Any], AbstractAsyncContextManager[Any]]


def create_app(catalog: str | None = None, settings: Settings | None = None) -> StarletteWithLifespan:
    """The application from `TOOLPRESS_*` settings; see `toolpress.settings`.

    `catalog` is one name, answering at /mcp, or several with commas between, each answering at /<name>/mcp.

    With `TOOLPRESS_SANDBOX=1` each worker process has a sandbox of its own: run one worker.
    """
    settings = settings or load_settings()
    logs.configure(settings.log_format, settings.log_level, whole_process=False)
    names = (catalog or settings.catalog or the_only_catalog()).split(",")
    return application([build_server(settings, find_catalog(name.strip())) for name in names])


def create_server(catalog: str | None = None) -> FastMCP[Any]:
    """The FastMCP object, for `fastmcp run` and `fastmcp inspect`; the key comes as over stdio."""
    settings = load_settings()
    logs.configure(settings.log_format, settings.log_level, whole_process=False)
    chosen = find_catalog(catalog or settings.catalog or the_only_catalog())
    return build_server(settings, chosen, stdio=True).mcp


def with_lifespan(app: StarletteWithLifespan, own: Lifespan | None = None) -> Lifespan:
    """The lifespan for an application that mounts `app`: its `own`, if any, and the server's."""
    lifespans: list[Lifespan] = [own] if own else []
    combined: Lifespan = combine_lifespans(*lifespans, app.lifespan)
    return combined


def the_only_catalog() -> str:
    """The installed catalogue when there is just one.

    Raises:
        ConfigurationError: There is none, or a choice.
    """
    names = list(installed())
    if len(names) == 1:
        return names[0]
    raise ConfigurationError(
        f"Which catalogue? Installed: {', '.join(names) or 'none'}.", fix="Set TOOLPRESS_CATALOG or name it."
    )
