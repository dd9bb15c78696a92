"""Answers out of memory. Nothing in this room can reach an upstream, a store or the poller."""

from service.web.application import create_web_app
from service.web.context import WebContext

__all__ = ["WebContext", "create_web_app"]
