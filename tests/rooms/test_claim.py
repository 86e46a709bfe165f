"""Claim codes: random enough, forgiving to type, stored as a hash, never repeated in an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import claim
from agent.claim import ClaimError


def test_codes_are_of_eighty_bits_and_all_different() -> None:
    made = {claim.make_code() for _ in range(1000)}
    assert len(made) == 1000
    letters = {letter for code in made for letter in code.replace("-", "")}
    assert len(letters) == 32  # five bits a letter, sixteen letters
    assert {len(code) for code in made} == {19}


@pytest.mark.parametrize(
    "typed",
    ["7KQ0-1MZD-93FX-T4HB", "7kq0 1mzd 93fx t4hb\n", "7KQO-IMZD-93FX-T4HB", "7kqolmzd93fxt4hb"],
)
def test_what_the_label_shows_may_be_typed_in_many_ways(typed: str) -> None:
    stored = claim.hashed("7KQ0-1MZD-93FX-T4HB")
    assert claim.matches(typed, stored)
    assert claim.tidy(typed) == "7KQ0-1MZD-93FX-T4HB"


@pytest.mark.parametrize("typed", ["7KQ0-1MZD-93FX-T4HC", "", "7KQ0", "7KQ0-1MZD-93FX-T4H*", "验"])
def test_another_code_does_not_match(typed: str) -> None:
    assert not claim.matches(typed, claim.hashed("7KQ0-1MZD-93FX-T4HB"))


def test_the_stored_hash_hides_the_code_and_has_its_own_salt() -> None:
    code = claim.make_code()
    one, other = claim.hashed(code), claim.hashed(code)
    assert one != other
    assert code.replace("-", "") not in one.upper()
    with pytest.raises(ClaimError, match="damaged"):
        claim.matches(code, one[:-1])


def test_a_file_holds_one_code_and_an_error_never_repeats_it(tmp_path: Path) -> None:
    path = tmp_path / "claim"
    path.write_text("7kq0-1mzd-93fx-t4hb\n")
    assert claim.read(path) == "7KQ0-1MZD-93FX-T4HB"
    path.write_text("7KQ0-1MZD-93FX-SECRET")
    with pytest.raises(ClaimError, match="18") as told:
        claim.read(path)
    assert "SECRET" not in str(told.value)
    assert str(path) in str(told.value)
    with pytest.raises(ClaimError, match="cannot be read"):
        claim.read(tmp_path / "none")
