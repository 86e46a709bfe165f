"""API version 1 is frozen: what stood in it stands in it still, and another version is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.kit.api import surface

ROOT = Path(__file__).parents[3]
PINNED: dict[str, Any] = json.loads((Path(__file__).parent / "api_v1.json").read_text("utf-8"))
NOW = surface()


def test_version_group_and_source_stand() -> None:
    for key in ("api", "group", "DriverSource", "names"):
        assert NOW[key] == PINNED[key], f"{key} of API 1 changed; that is API 2"


@pytest.mark.parametrize("name", PINNED["hooks"])
def test_hooks_keep_name_arguments_and_result(name: str) -> None:
    assert NOW["hooks"].get(name) == PINNED["hooks"][name]


@pytest.mark.parametrize("kind", PINNED["seen_by_hooks"])
def test_what_hooks_see_keeps_its_members(kind: str) -> None:
    assert NOW["seen_by_hooks"][kind].items() >= PINNED["seen_by_hooks"][kind].items()


@pytest.mark.parametrize("record", PINNED["records"])
def test_keys_of_a_map_stay_and_new_ones_are_optional(record: str) -> None:
    now, pinned = NOW["records"][record], PINNED["records"][record]
    assert now.items() >= pinned.items()
    added = now.keys() - pinned.keys()
    assert not [key for key in added if now[key].endswith("(required)")]


@pytest.mark.parametrize("name", PINNED["words"])
def test_words_stay(name: str) -> None:
    assert set(NOW["words"][name]) >= set(PINNED["words"][name])


# --- a driver of another version ------------------------------------------------------------

MAP = """\
map: acme2
api: {api}
covers: [{{brand: Acme, model: Two}}]
source: ["Acme: Modbus sheet"]
grade: draft
points:
  water_supply_temp: {{at: 1, type: s16, low: 0, high: 90}}
"""
CODE = """\
from agent.drivers import DriverSource

acme2 = DriverSource("acme_two", "acme2.yaml", api={api})
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Where a package of a driver that speaks API 2 is installed."""
    files = {
        "acme_two/__init__.py": CODE.format(api=2),
        "acme_two/acme2.yaml": MAP.format(api=2),
        "acme_two-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-two\nVersion: 1.0\n",
        "acme_two-1.0.dist-info/entry_points.txt": (
            "[heatpump_agent.drivers]\nacme2 = acme_two:acme2\n"
        ),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def agent(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(site), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_driver_of_api_2_is_refused_by_name_with_what_to_do(site: Path) -> None:
    done = agent(site, "driver", "check", "acme2")
    assert done.returncode == 2
    assert "driver acme2 speaks API 2; this program speaks 1" in done.stderr
    assert "install acme-two for API 1, or a heatpump-agent that speaks API 2" in done.stderr


def test_the_others_go_on_without_it(site: Path) -> None:
    done = agent(site, "drivers")
    assert done.returncode == 0
    assert "midea_mthermal_r290" in done.stdout
    assert "acme2" not in done.stdout
    assert "driver acme2 speaks API 2" in done.stderr


def test_a_map_of_api_2_is_refused_even_when_its_package_says_1(site: Path) -> None:
    (site / "acme_two/__init__.py").write_text(CODE.format(api=1), "utf-8")
    done = agent(site, "driver", "check", "acme2")
    assert done.returncode == 1
    assert "api 2 is not spoken here" in done.stdout


@pytest.mark.parametrize(
    "code",
    [
        CODE.format(api=2),
        "acme2 = = 1\n",
        "raise RuntimeError('no licence')\n",
        CODE.format(api=1).replace('"acme2.yaml"', '"acme2.yaml", hooks=print'),
    ],
)
def test_a_package_that_cannot_be_used_hides_no_machine(site: Path, code: str) -> None:
    (site / "acme_two/__init__.py").write_text(code, "utf-8")
    (site / "acme_two/acme2.yaml").write_text(MAP.format(api=1), "utf-8")
    done = agent(site, "scan", "/dev/there-is-none")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "there-is-none" in done.stderr
