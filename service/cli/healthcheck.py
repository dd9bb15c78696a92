"""``rollcall healthcheck``: is the service that runs beside us ready? For images without curl."""

import argparse
from http.client import HTTPConnection, HTTPException
from typing import Final

_TIMEOUT: Final = 2.0
_OK: Final = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("--port", type=int, help="(default: that of the configuration)")
    parser.add_argument("--path", default="/readyz", help="(default: /readyz)")


def run(arguments: argparse.Namespace) -> int:
    """Ask once, on loopback: 0 for a 200, 1 for anything else."""
    port = _configured_port() if arguments.port is None else arguments.port
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    try:
        connection.request("GET", arguments.path)
        status = connection.getresponse().status
    except (OSError, HTTPException, ValueError):
        print(f"not ready: no answer on port {port}")
        return 1
    finally:
        connection.close()
    print("ready" if status == _OK else f"not ready: HTTP {status}")
    return 0 if status == _OK else 1


def _configured_port() -> int:
    # Imported late: with --port, which images use, there is no configuration to be loaded.
    from service.cli.configuration import load_settings  # noqa: PLC0415
    from service.settings import SettingsError  # noqa: PLC0415

    try:
        return load_settings(None).server.port
    except SettingsError:
        return 8080
