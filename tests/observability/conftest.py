"""Logging is set up for the whole process: what a test changes of it is put back."""

import logging
from collections.abc import Iterator

import pytest
import structlog

LIBRARIES = ("aiohttp", "asyncio")


@pytest.fixture(autouse=True)
def logging_is_put_back() -> Iterator[None]:
    before = structlog.get_config()
    kept = {}
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        kept[name] = (list(logger.handlers), logger.propagate, logger.level)
    yield
    structlog.configure(**before)
    for name, (handlers, propagate, level) in kept.items():
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)
