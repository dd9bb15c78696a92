"""How hypothesis works in the pure room: no wall clock decides whether a test passes."""

from hypothesis import settings

settings.register_profile("core", deadline=None, max_examples=100, stateful_step_count=40)
settings.load_profile("core")
