"""The generated pages: complete, current on request, and a contract whose references hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent import reference
from agent.cli.tree import parser
from agent.drivers import names
from agent.drivers.mapkeys import MEANING
from agent.model import POINTS

ROOT = Path(__file__).parents[2]


def test_pages_are_written_once_and_stale_when_changed(tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    assert len(reference.write(folder, parser(), check=True)) == 9
    assert not folder.exists()
    assert len(reference.write(folder, parser())) == 9
    assert reference.write(folder, parser()) == []
    (folder / "points.md").write_text("old", "utf-8")
    (folder / "drivers.md").unlink()
    stale = [str(folder / "points.md"), str(folder / "drivers.md")]
    assert reference.write(folder, parser(), check=True) == stale
    assert (folder / "points.md").read_text("utf-8") == "old"


def test_pages_name_everything(tmp_path: Path) -> None:
    reference.write(tmp_path, parser())
    pages = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert all(f"| `{point}` |" in pages["points.md"] for point in POINTS)
    assert all(f"| {name} |" in pages["drivers.md"] for name in names())
    for key in ("room_stale_after", "password_file", "allow_unverified", "commit_records"):
        assert f"| `{key}` |" in pages["configuration.md"]
    for record in ("LineSection", "DeviceSection", "PeriodSection"):
        assert f"## {record}" in pages["configuration.md"]
        assert f"a list of [{record}](#{record.lower()})" in pages["configuration.md"]
    assert "| `min_interval` | " in pages["register-map.md"]
    for command in ("run", "check", "read", "write", "drivers", "decode", "record", "replay"):
        assert f"\n## {command}\n" in pages["commands.md"]


def pointers(tree: Any) -> list[str]:
    if isinstance(tree, dict):
        own = [tree["$ref"]] if isinstance(tree.get("$ref"), str) else []
        return own + [ref for value in tree.values() for ref in pointers(value)]
    return [ref for item in tree for ref in pointers(item)] if isinstance(tree, list) else []


def test_every_reference_of_the_contract_points_at_something() -> None:
    document = reference.asyncapi()
    found = pointers(document)
    assert len(found) >= 20
    for pointer in found:
        tree = document
        for part in pointer.removeprefix("#/").split("/"):
            assert part in tree, pointer
            tree = tree[part]
    assert document["operations"]["command"]["action"] == "receive"
    assert document["operations"]["alarm"]["action"] == "send"


def test_every_key_of_a_map_is_explained_and_defaults_stand_as_one_writes_them(
    tmp_path: Path,
) -> None:
    reference.write(tmp_path, parser())
    page = (tmp_path / "register-map.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert [row for row in rows if row.endswith("|  |")] == []
    assert "| `off` | a list of a whole number from 0 to 4294967295 | `[0]` |" in page
    assert "| `one_connection` | true or false | `true` |" in page
    assert "| `unit` | degC, K," in page
    assert "| `` |" not in page


def test_no_key_is_explained_that_a_map_does_not_have() -> None:
    page = reference._register_map()
    for key in MEANING:
        record, name = key.split(".")
        section = page.split(f"\n## {record}\n")[1].split("\n## ")[0]
        assert f"| `{name}` |" in section
