"""What an installer may write: a configuration, or mistakes with their places, by every command."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from agent import config
from agent.cli import main
from agent.errors import FileError
from agent.yamltext import parse
from tests.fuzz.edges import corpus
from tests.fuzz.mutation import anything

SEEDS = [path.read_bytes() for path in corpus("configuration")]
FEW = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FEW
@given(data=anything(SEEDS))
def test_any_text_is_a_configuration_or_a_mistake_with_its_place(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_bytes(data)
    try:
        config.read(path)
    except FileError as error:
        assert error.mistakes
        for mistake in error.mistakes:
            assert str(mistake).startswith(f"{path}:{mistake.line}: ")


@FEW
@given(data=anything(SEEDS))
def test_no_file_makes_a_command_stumble(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "gateway.yaml"
    path.write_bytes(data)
    for words in (["check"], ["consent", "show"], ["safe"], ["decode", "midea_mthermal_r290"]):
        assert main([*words, str(path)]) in (0, 1, 2)


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)),
        "[" * 100_000,
        "{a: " * 50_000,
        "- " * 100_000,
        "? " * 100_000,
        "&a [*a]",
    ],
    ids=["aliases of aliases", "brackets", "braces", "dashes", "question marks", "itself"],
)
def test_a_few_lines_cannot_stand_for_more_than_there_is_room(text: str) -> None:
    with pytest.raises(FileError, match=r"gateway.yaml:\d+: (nested too deeply|stands for too)"):
        parse(text, "gateway.yaml")
