"""The one way in which every command finds and loads the configuration."""

import argparse
import os
from pathlib import Path

from service.settings import Settings, config_path, load


def add_config_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--config``."""
    parser.add_argument(
        "--config",
        metavar="PATH",
        type=Path,
        help="the configuration file (default: $ROLLCALL_CONFIG, else built-in defaults)",
    )


def load_settings(path: Path | None) -> Settings:
    """Load the effective configuration.

    Raises:
        SettingsError: it can't be used; its text says why, a line each.
    """
    return load(config_path(path, os.environ), os.environ)
