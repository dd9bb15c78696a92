"""The command line: ``rollcall serve | check | config | healthcheck``.

Each command is a file of its own and imported when it is called for, so that a health check in a
container does not pay for the server.
"""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from service import __version__

_COMMANDS: Final = {
    "serve": "poll in the background and answer from memory",
    "check": "poll once and show what is there",
    "config": "validate the configuration, show it, or print its schema",
    "healthcheck": "ask a running service whether it is ready (for containers)",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give the exit code: 0 well, 1 not well, 2 asked wrongly."""
    # Else pydantic reads the metadata of every installed package, looking for plug-ins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    parser = argparse.ArgumentParser(
        prog="rollcall",
        description="Calls the roll of every LLM backend you run, and answers from memory.",
    )
    parser.add_argument("--version", action="version", version=f"rollcall {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in _COMMANDS.items():
        # Only the command that was called for is imported.
        commands.add_parser(name, help=text, add_help=False)
    chosen, rest = parser.parse_known_args(arguments)
    # Looking for garbage among modules finds none, and is a tenth of a start: not while they load,
    # nor ever after, as they stay for good.
    gc.disable()
    module = import_module(f"service.cli.{chosen.command}")
    gc.freeze()
    gc.enable()
    command = argparse.ArgumentParser(
        prog=f"rollcall {chosen.command}", description=_COMMANDS[chosen.command]
    )
    module.add_arguments(command)
    return int(module.run(command.parse_args(rest)))


def complain(text: str) -> int:
    """Say on standard error what is wrong with the command or the configuration; give 2."""
    print(text, file=sys.stderr)
    return 2
