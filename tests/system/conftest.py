"""Machines for the tests of this folder, or in one line why there is none."""

from __future__ import annotations

import pytest

from bench.installed import RELEASE, Packages, packages
from bench.machine import NoMirror, missing, rootfs


@pytest.fixture(scope="session", autouse=True)
def _can_be_run() -> None:
    lacks = missing()
    if lacks is not None:
        pytest.skip(f"not run, because this machine lacks {lacks}")
    try:
        rootfs(RELEASE)
    except NoMirror as error:
        pytest.skip(f"not run, because {error}")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return packages(tmp_path_factory.mktemp("packages"))
