"""`toolpress serve`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from toolpress import credentials, logs
from toolpress.catalog import find_catalog
from toolpress.cli import exits
from toolpress.cli.listening import listen, reserve
from toolpress.cli.signals import STOP_SIGNALS
from toolpress.contract import Catalog
from toolpress.embedded import require_sandbox, running_sandbox, seeded_keys
from toolpress.errors import ConfigurationError
from toolpress.server import Built, build_server
from toolpress.settings import Settings, base_url_variable, load_settings
from toolpress.telemetry.watching import Watching, watching

_STDIO_GRACE_S = 1.0


def run(args: argparse.Namespace) -> int:
    settings = load_settings(
        host=args.host,
        port=args.port,
        workers=args.workers,
        sandbox=args.sandbox or None,
        sandbox_data=args.data,
        metrics_port=args.metrics_port,
        extend=args.extend,
        stateful=args.stateful or None,
    )
    logs.configure(settings.log_format, settings.log_level)
    catalogs = [find_catalog(reference) for reference in dict.fromkeys(args.catalogs)]
    _check(catalogs, settings, args)
    if settings.sandbox:
        require_sandbox()
    with watching(settings, processes=settings.workers) as watch:
        if args.transport == "stdio":
            return _serve_stdio(catalogs[0], settings, args, watch)
        return _serve_http(catalogs, settings, args, watch)


def _check(catalogs: list[Catalog], settings: Settings, args: argparse.Namespace) -> None:
    """What can only be meant for HTTP, or for one catalogue, is refused elsewhere."""
    if args.transport == "stdio" and args.workers is not None:
        raise ConfigurationError("--workers goes with HTTP.", fix="Leave it out: over stdio there is one client.")
    if settings.stateful and settings.workers > 1:
        raise ConfigurationError(
            "--stateful goes with one process, which keeps the sessions.", fix="Leave --workers out."
        )
    if len(catalogs) == 1:
        return
    single = {
        "--transport stdio": args.transport == "stdio",
        "--base-url": args.base_url is not None,
        "--data": settings.sandbox_data is not None,
    }
    for word, given in single.items():
        if given:
            raise ConfigurationError(f"{word} goes with one catalogue.", fix="Start a process for each.")
    if len({catalog.name for catalog in catalogs}) < len(catalogs):
        raise ConfigurationError("Two of the catalogues have the same name.", fix="Start a process for each.")


def _serve_http(catalogs: list[Catalog], settings: Settings, args: argparse.Namespace, watch: Watching) -> int:
    from toolpress.http_app import MCP_PATH  # over stdio nothing of it is needed

    alone = settings.workers == 1
    with (listen if alone else reserve)(settings.host, settings.port) as listener:
        root = f"http://{_shown(settings.host)}:{listener.getsockname()[1]}"
        servers = [
            build_server(settings, catalog, base_url=args.base_url, observe=watch.observe) for catalog in catalogs
        ]
        urls = {built.name: f"{root}{f'/{built.name}' if servers[1:] else ''}{MCP_PATH}" for built in servers}

        def started() -> None:
            _announce(args.announce, servers, urls)
            lines = [line for built in servers for line in _banner(built, urls[built.name])]
            lines += _of_workers(servers, settings)
            lines += [f"metrics  {watch.metrics_url}"] if watch.metrics_url else []
            print("\n".join(lines), file=sys.stderr, flush=True)

        if alone:
            from toolpress.cli.over_http import serve_until_stopped

            serve_until_stopped(servers, listener, started)
        else:
            _by_workers(servers, args.catalogs, listener.getsockname()[1], started)
    return exits.OK


def _by_workers(servers: Sequence[Built], references: Sequence[str], port: int, started: Callable[[], None]) -> None:
    """Workers make these servers anew; the sandboxes, which they share, run here."""
    from toolpress.cli.workers import Workers

    settings = servers[0].settings
    with ExitStack() as sandboxes:
        for built in servers if settings.sandbox else ():
            sandbox = running_sandbox(built.executor.index, data=settings.sandbox_data)
            built.use_sandbox(sandboxes.enter_context(sandbox))
        environment = {**settings.environment, "TOOLPRESS_PORT": str(port), "TOOLPRESS_SANDBOX": "0"}
        environment |= {base_url_variable(built.name): built.upstream_url for built in servers}
        if settings.session_key is None:
            environment["TOOLPRESS_SESSION_KEY"] = secrets.token_hex()
        workers = Workers(settings.workers, dict.fromkeys(references), environment, settings.grace_s)
        asyncio.run(workers.run(started))


def _serve_stdio(catalog: Catalog, settings: Settings, args: argparse.Namespace, watch: Watching) -> int:
    credential = None
    if not settings.sandbox or os.environ.get(catalog.authentication.environment):
        credential = credentials.from_environment(os.environ, catalog)

    def started(built: Built) -> None:
        _announce(args.announce, [built], {})

    built = build_server(
        settings,
        catalog,
        credential=credential,
        base_url=args.base_url,
        stdio=True,
        on_start=started,
        observe=watch.observe,
    )
    asyncio.run(_until_stopped(built))
    return exits.OK


async def _until_stopped(built: Built) -> None:
    """Serve until stdin ends or a signal comes; the thread that reads stdin cannot be woken, so a signal leaves it."""
    loop = asyncio.get_running_loop()
    serving = asyncio.ensure_future(built.mcp.run_async("stdio", show_banner=False))

    def stop() -> None:
        serving.cancel()
        loop.call_later(_STDIO_GRACE_S, os._exit, exits.OK)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await serving
    if serving.cancelled():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exits.OK)


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _banner(built: Built, url: str) -> Iterator[str]:
    index = built.executor.index
    yield f"{index.catalog.title} {index.catalog.version}: {len(index.tools)} tools at {url}"
    if not built.settings.sandbox:
        yield f"upstream {built.upstream_url}"
        return
    where = f"data in {built.settings.sandbox_data}" if built.settings.sandbox_data else "in memory"
    yield f"sandbox  {built.sandbox_url} ({where})"
    ways = " or ".join(f"{way.header}: {way.scheme}".strip() for way in index.catalog.authentication.accept)
    tenancy = index.catalog.tenancy
    yield f"test keys, sent as {ways}{f', with their tenant as {tenancy.header}' if tenancy else ''}"
    for key in seeded_keys(index):
        yield f"  {key.key}  {key.role} of {key.tenant}{'' if key.usable else ', revoked'}"


def _of_workers(servers: Sequence[Built], settings: Settings) -> Iterator[str]:
    if settings.workers == 1:
        return
    yield f"{settings.workers} workers"
    catalogs = [built.executor.index.catalog for built in servers]
    apart = {
        "access tokens": any(catalog.authentication.oauth for catalog in catalogs),
        "ended sessions": any(catalog.sessions for catalog in catalogs),
    }
    if settings.store_url is None and any(apart.values()):
        told = " and ".join(what for what, kept in apart.items() if kept)
        yield f"  {told} are known to one worker alone: set TOOLPRESS_STORE_URL to a Redis that they share"


def _announce(file: str | None, servers: Sequence[Built], urls: Mapping[str, str]) -> None:
    """The addresses as one JSON object, for programs that started us: to FILE, or to stderr if the variable asks.

    Beside `catalogs`, which has them all, the addresses of the first catalogue stand at the top.
    """
    catalogs = {
        built.name: {"mcp": urls.get(built.name), "upstream": built.upstream_url, "sandbox": built.sandbox_url}
        for built in servers
    }
    text = json.dumps({**catalogs[servers[0].name], "catalogs": catalogs, "pid": os.getpid()})
    if file:
        target = Path(file)
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(target)
        except OSError as error:
            raise ConfigurationError(
                f"Cannot write {target}: {error.strerror}.", fix="Give --announce a file in a folder that exists."
            ) from error
    if os.environ.get("TOOLPRESS_ANNOUNCE") == "1":
        print(text, file=sys.stderr, flush=True)
