"""What the page says of the certificate, by dates, clock and what the platform said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.certificate import Validity
from agent.enrol import Standing, identity_state
from agent.enrol.state import TEXTS

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("age_days", "wanted", "withdrawn", "trusted", "standing"),
    [
        (None, False, False, True, Standing.NONE),
        (None, True, False, True, Standing.WAITING),
        (0, True, False, True, Standing.VALID),
        (59, True, False, True, Standing.VALID),
        (61, True, False, True, Standing.RENEW),
        (61, True, False, False, Standing.VALID),  # a clock nobody believes proves nothing
        (91, True, False, True, Standing.ENDED),
        (10, True, True, True, Standing.WITHDRAWN),
    ],
)
def test_standing(
    age_days: float | None, wanted: bool, withdrawn: bool, trusted: bool, standing: Standing
) -> None:
    begins = NOW - (age_days or 0) * DAY
    found = None if age_days is None else Validity(begins, begins + 90 * DAY)
    state = identity_state(
        "gw-001",
        found,
        wanted=wanted,
        withdrawn=withdrawn,
        why="because",
        now=NOW,
        trusted=trusted,
    )
    assert state.standing is standing
    assert (state.en, state.zh) == TEXTS[standing]
    assert state.renew_at == (None if found is None else begins + 60 * DAY)
    assert state.why == "because"


def test_every_standing_has_words_in_both_languages() -> None:
    assert set(TEXTS) == set(Standing)
    for en, zh in TEXTS.values():
        assert en.isascii()
        assert not zh.isascii()
