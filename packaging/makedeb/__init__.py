"""Builds the Debian packages: one for each Debian release and processor, on any machine with dpkg.

`python packaging/makedeb` does it; the same tree and the same lock file give the same bytes.
"""
