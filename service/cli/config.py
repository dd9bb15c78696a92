"""``rollcall config validate | schema | show``."""

import argparse
import json
from pathlib import Path

from service.cli import complain
from service.cli.configuration import add_config_argument, load_settings
from service.settings import SettingsError, schema_document, shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    validate = actions.add_parser("validate", help="say everything that is wrong with it")
    validate.add_argument("path", nargs="?", type=Path, metavar="PATH")
    add_config_argument(validate)
    actions.add_parser("schema", help="print the JSON Schema of the file, for editors")
    show = actions.add_parser("show", help="print what is in effect, with secrets masked")
    show.add_argument("path", nargs="?", type=Path, metavar="PATH")
    add_config_argument(show)


def run(arguments: argparse.Namespace) -> int:
    """Run the action that was asked for."""
    if arguments.action == "schema":
        print(json.dumps(schema_document(), indent=2))
        return 0
    try:
        settings = load_settings(arguments.path or arguments.config)
    except SettingsError as error:
        return complain(str(error))
    if arguments.action == "show":
        print(shown(settings), end="")
    else:
        count = len(settings.integrations)
        print(f"The configuration is valid: {count} integration{'' if count == 1 else 's'}.")
    return 0
