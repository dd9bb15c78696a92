"""Benchmarks: each figure is a ratio to a reference that was measured in the same run.

These machines are shared, so absolute times tell little. Runs are interleaved, A B A B, and the
median over the rounds is reported. ``make bench`` runs all and writes ``docs/benchmarks.md``.
"""
