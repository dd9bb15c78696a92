"""Answers out of memory. Nothing in this room can reach an upstream, a store or the poller."""

from service.web.application import create_web_app
from service.web.context import WebContext
from service.web.protocol import Runner

__all__ = ["Runner", "WebContext", "create_web_app"]
