"""One label, one code: what the platform takes for the certificate opens the page too."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent import claim
from agent.web import Listen, PageSettings
from agent.web.keys import Keys
from agent.web.routes import Need
from agent.web.site import site
from tests.rooms.web.site import House, coded


def opened(folder: Path, label: Path | None) -> None:
    site(PageSettings(Listen("127.0.0.1", 0), "gw", folder, label=label), House().rooms)


def test_the_code_of_the_label_opens_the_page(tmp_path: Path) -> None:
    label, code = tmp_path / "claim-code", claim.make_code()
    label.write_text(code)
    opened(tmp_path, label)
    assert Keys(tmp_path).opens(code) is Need.INSTALLER
    assert code.replace("-", "") not in (tmp_path / "page-keys.json").read_text().upper()


def test_a_code_that_was_made_here_stays(tmp_path: Path) -> None:
    made, label = coded(tmp_path), tmp_path / "claim-code"
    label.write_text(claim.make_code())
    opened(tmp_path, label)
    assert Keys(tmp_path).opens(made) is Need.INSTALLER
    assert Keys(tmp_path).opens(label.read_text()) is None


@pytest.mark.parametrize("text", [None, "no code"])
def test_without_a_good_label_the_page_is_served_and_it_is_said(
    tmp_path: Path, text: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    if text is not None:
        (tmp_path / "claim-code").write_text(text)
    opened(tmp_path, tmp_path / "claim-code")
    assert not Keys(tmp_path).claimed
    assert "no claim code yet" in caplog.text
