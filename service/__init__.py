"""Rollcall: calls the roll of every LLM backend, and answers at once from memory.

One road, one direction: upstream → integration → poller → store → publication → handler.
"""

__version__ = "0.1.0"
