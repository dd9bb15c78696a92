"""The pure room: values and decisions, with no I/O, no clock, no logging and no event loop.

Time and randomness come in as arguments, so everything here can be tested without waiting.
"""
