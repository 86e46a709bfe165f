"""What the local page costs a phone: bytes, requests, the first paint; and who can use it."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from agent.web.view import Lamp, Text
from bench.chromium import DESKTOP, IS_HERE, MISSING, PHONE, Page, chromium
from bench.kit import Bench, Figures, Goal, Options
from bench.madehome import ALARM, HOME, LIVE
from bench.madesetup import PAPER, STAGES
from bench.pagehomes import House, Pictured

AXE = "axe-core@4.14.1"
CACHE = Path(__file__).parents[1] / "build" / "axe"
LOADS = 7
# A cheap phone on a busy network of the house: as Lighthouse throttles a phone, 4 times slower.
NETWORK = {
    "offline": False,
    "latency": 150.0,
    "downloadThroughput": 1.6e6 / 8,
    "uploadThroughput": 0.75e6 / 8,
}
SLOWER = 4
NO_BUS = Lamp("no_bus", "purple", Text("尚未安装调试。", "Not set up yet."))
PAGES = ("/", "/login", "/plan?device=hp1", "/technician")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_PAINT = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
_CHECK = """
const [rules, done] = arguments;
axe.run(document, {runOnly: {type: "tag", values: rules}}).then(
  (found) => done(found.violations.map((one) => `${one.id} x${one.nodes.length}`)),
  (error) => done([`axe failed: ${error}`]));
"""


def run(options: Options) -> Figures:
    """A home with a full day, a season and an alarm; the page as somebody sees who is logged in."""
    if not IS_HERE:
        raise FileNotFoundError(MISSING)
    axe = _axe(options)
    three = tuple(replace(HOME, name=f"home {n}", device=f"hp{n}") for n in (1, 2, 3))
    with Pictured(House(replace(LIVE, homes=three, alarms=(ALARM,)), hurry_s=1.0)) as home:
        paints: list[float] = []
        found: list[dict[str, float]] = []
        for _ in range(max(2, round(LOADS * options.share))):
            with chromium(PHONE) as page:
                page.log_in(home.base, home.code)
                found.append(_load(page, home.base))
            paints.append(found[-1]["paint_s"])
            options.progress(f"painted after {paints[-1]:.2f} s")
        wrong = _violations(home, PAGES, axe, options)
    before = replace(LIVE, homes=(), lamp=NO_BUS, set_up=False)
    with Pictured(House(before, hurry_s=1.0, setup=STAGES["ready"])) as home:
        for stage in STAGES.values():
            home.house.setup = stage
            wrong += _violations(home, ("/install",), axe, options)
    with Pictured(House(LIVE, hurry_s=1.0, paper=PAPER)) as home:
        wrong += _violations(home, ("/handover",), axe, options)
    return {
        "compressed_kb": round(max(one["bytes"] for one in found) / 1000, 1),
        "requests": int(max(one["requests"] for one in found)),
        "first_paint_s": round(median(paints), 3),
        "slowest_paint_s": round(max(paints), 3),
        "axe_violations": len(wrong),
        "axe_pages": 2 * 2 * 2 * (len(PAGES) + len(STAGES) + 1),
        "loads": len(paints),
        "homes": len(three),
    }


def _load(page: Page, base: str) -> dict[str, float]:
    """One load of the household's page by a phone that has nothing of it yet."""
    command = page.driver.execute_cdp_cmd
    command("Network.enable", {})
    command("Network.setCacheDisabled", {"cacheDisabled": True})
    command("Network.emulateNetworkConditions", NETWORK)
    command("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.fetched()
    page.open(base)
    paint_ms = page.until(lambda: page.driver.execute_script(_PAINT), "the first paint")
    page.until(
        lambda: page.driver.execute_script("return document.readyState") == "complete", "all"
    )
    fetched = page.fetched()
    assert {urlsplit(one.url).netloc for one in fetched} == {urlsplit(base).netloc}, fetched
    return {
        "bytes": float(sum(one.bytes for one in fetched)),
        "requests": float(len(fetched)),
        "paint_s": float(paint_ms) / 1000,
    }


def _violations(home: Pictured, pages: tuple[str, ...], axe: str, options: Options) -> list[str]:
    """What axe finds on these pages, in both languages, on phone and desktop, light and dark."""
    wrong: list[str] = []
    for size in (PHONE, DESKTOP):
        with chromium(size) as page:
            page.log_in(home.base, home.code)
            for scheme in ("light", "dark"):
                wanted = [{"name": "prefers-color-scheme", "value": scheme}]
                page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wanted})
                for path in pages:
                    for language in ("zh", "en"):
                        joint = "&" if "?" in path else "?"
                        page.open(f"{home.base}{path}{joint}lang={language}")
                        refused = page.all(".notice.bad")
                        assert not refused, f"{path}: {refused[0].text}"
                        page.driver.execute_script(axe)
                        found: list[Any] = page.driver.execute_async_script(_CHECK, RULES)
                        here = f"{path} {language} {scheme} {size[0]}"
                        wrong += [f"{here}: {one}" for one in found]
    for one in wrong:
        options.progress(one)
    return wrong


def _axe(options: Options) -> str:
    """axe-core's script: from npm once, then from the cache beside the build; never committed."""
    packed = CACHE / f"{AXE.replace('@', '-')}.tgz"
    if not packed.is_file():
        npm = shutil.which("npm")
        if npm is None:
            raise FileNotFoundError("npm is needed to fetch axe-core")
        options.progress(f"fetching {AXE}")
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [npm, "pack", AXE, "--silent", "--pack-destination", str(CACHE)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    with tarfile.open(packed) as archive:
        file = archive.extractfile("package/axe.min.js")
        assert file is not None
        return file.read().decode()


BENCH = Bench(
    "page",
    "The household's page as a phone loads it that has nothing of it yet, logged in: bytes over "
    "the wire with headers, requests with the stream of live updates, and the median time to the "
    "first paint behind 1.6 Mbit/s, 150 ms and a processor four times slower. `axe_violations` "
    "are the WCAG 2.2 A and AA rules of axe-core broken on four pages, the installer's at its five "
    "stages and the handover to print, in both languages, on phone and desktop, light and dark.",
    "headless Chromium of Debian; three homes with a full day, a season and an alarm",
    run,
    (
        Goal("compressed_kb", "<=", 60),
        Goal("requests", "<=", 6),
        Goal("first_paint_s", "<=", 1.5),
        Goal("axe_violations", "=", 0),
    ),
)
