"""``rollcall serve``: the service itself."""

import argparse
import asyncio
import os
from collections.abc import Callable

import structlog

from service.app import build
from service.cli import complain
from service.cli.configuration import add_config_argument, load_settings
from service.cli.greeting import greet
from service.observability import logs
from service.server import StopSignal, serve
from service.settings import Settings, SettingsError, config_path
from service.web import Runner

_log = structlog.get_logger()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    add_config_argument(parser)
    parser.add_argument(
        "--greet", action="store_true", help="tell on standard output what is served, and where"
    )
    parser.add_argument(
        "--discover",
        action="store_true",
        help="with no configuration file: ask what runs on this machine as well",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop."""
    try:
        settings = load_settings(arguments.config)
    except SettingsError as error:
        return complain(str(error))
    # Whoever wrote a file has said what to ask.
    discover = arguments.discover and config_path(arguments.config, os.environ) is None
    logs.configure(level=settings.log.level, form=settings.log.format)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(settings, greeting=arguments.greet, discover=discover))


async def _serve(settings: Settings, *, greeting: bool, discover: bool) -> int:
    stop = StopSignal()
    greetings: set[asyncio.Task[None]] = set()
    with stop.installed():
        if discover:
            # No part of a start that does not want it.
            from service.cli.discovered import with_what_runs_here  # noqa: PLC0415

            settings = await with_what_runs_here(settings)
        try:
            service = build(settings)
        except ValueError as error:
            return complain(str(error))

        def announce(host: str, port: int) -> None:
            _log.info("server.listening", port=port)
            if greeting:
                greetings.add(asyncio.create_task(greet(host, port, service.publication)))

        runner = Runner(
            service.web_app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=settings.server.shutdown_timeout,
            keepalive_timeout=settings.server.keepalive_timeout,
        )
        try:
            await serve(
                runner,
                host=settings.server.host,
                port=settings.server.port,
                drain_delay=settings.server.drain_delay,
                vitals=service.vitals,
                stop=stop,
                on_listening=announce,
            )
        except OSError as error:
            # Only listening raises it; the upstreams' errors stay in their own room.
            where = f"{settings.server.host}:{settings.server.port}"
            return complain(
                f"server.port: can't listen on {where}: {os.strerror(error.errno or 0)}"
            )
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Take uvloop where it is installed; everything works on plain asyncio too."""
    try:
        import uvloop  # noqa: PLC0415 -- optional
    except ImportError:
        return None
    return uvloop.new_event_loop  # type: ignore[no-any-return,unused-ignore]
