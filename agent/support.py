"""What the product is called, how long it is looked after, and where a weakness is reported."""

from __future__ import annotations

from datetime import date

MODEL = "heatpump-agent gateway"
SUPPORTED_UNTIL = date(2031, 12, 31)
"""Security updates are made at least until this day; docs/security/updates.md says the same."""
REPORTING = "SECURITY.md, private security advisories of the repository"
