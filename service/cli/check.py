"""``rollcall check``: ask once, and show what is there and what is wrong.

With addresses it asks those, with ``--discover`` what runs on this machine, else the configuration.
"""

import argparse

from service.cli import complain
from service.cli.check_configured import check_configured
from service.cli.check_servers import check_addresses, check_this_machine
from service.cli.configuration import add_config_argument
from service.settings import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument(
        "urls", nargs="*", metavar="URL", help="ask this server, whatever the configuration says"
    )
    parser.add_argument(
        "--discover", action="store_true", help="look for model servers on this machine"
    )
    parser.add_argument("--api-key-env", metavar="NAME", help="the variable with the URL's key")
    parser.add_argument("--api-key-file", metavar="PATH", help="the file with the URL's key")
    add_config_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    """Ask once: 0 if all is well, 1 if something is not, 2 if it was asked wrongly."""
    clash = _clash(arguments)
    if clash is not None:
        return complain(clash)
    try:
        if arguments.urls:
            return check_addresses(
                arguments.urls,
                env=arguments.api_key_env,
                file=arguments.api_key_file,
                as_json=arguments.json,
            )
        if arguments.discover:
            return check_this_machine(as_json=arguments.json)
        return check_configured(arguments.config, as_json=arguments.json)
    except (SettingsError, ValueError) as error:
        return complain(str(error))


def _clash(arguments: argparse.Namespace) -> str | None:
    """Say what can't be asked together."""
    ways = [bool(arguments.urls), arguments.discover, arguments.config is not None]
    if sum(ways) > 1:
        return "URL, --discover and --config exclude one another: give one of them"
    keys = [key for key in (arguments.api_key_env, arguments.api_key_file) if key is not None]
    if len(keys) > 1:
        return "--api-key-env and --api-key-file exclude one another: give one of them"
    if keys and len(arguments.urls) != 1:
        return "a key goes to one server only: give exactly one URL with it"
    return None
