"""Words that lapse: the machine drops them unless they are written again within their period.

Such writes do not wear the machine, so they are outside the daily budget and the least interval;
they have a bound and a count of their own.
"""

from __future__ import annotations

from math import ceil

from agent.model import PointId, Snapshot, Value, WriteTerms

REFRESH_SHARE = 0.5  # of the period; the other half is for a late sweep and a second attempt
DAY_S = 86400.0
SUFFIX = ":refresh"


def is_due(terms: WriteTerms | None, last_mono: float | None, mono: float) -> bool:
    """Whether a word that lapses must be written again; False for words that are kept."""
    if terms is None or terms.refresh_s is None or last_mono is None:
        return False
    return mono - last_mono >= terms.refresh_s * REFRESH_SHARE


def most_a_day(terms: WriteTerms) -> int:
    """How many refreshing writes a day can need; not one more is sent."""
    assert terms.refresh_s is not None
    return ceil(DAY_S / (terms.refresh_s * REFRESH_SHARE))


def counted_as(point: PointId, refresh: bool) -> str:
    """The name under which a write is counted: refreshing ones apart from changes."""
    return point + SUFFIX if refresh else point


def is_ours(snapshot: Snapshot, point: PointId, value: Value, written: Value | None) -> bool:
    """Whether the value is ours: the last we wrote, or still shown after a restart."""
    return value == (written if written is not None else snapshot.value(point))
