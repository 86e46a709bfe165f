"""Benchmarks: `python -m bench NAME --json` prints one JSON object on its last line.

Each measures in its own run, against a limit or a peer in the same run. Load goes to loopback only,
is bounded in count and time, and ends only processes it started.
"""
