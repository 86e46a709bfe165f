"""Our Sparkplug payloads read by decoders of others, each in an environment of its own."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from agent.uplink.adapters.payload import Datatype, Metric, encode
from bench.kit import Bench, Figure, Figures, Goal, Options, Row

AT = datetime(2026, 1, 14, 4, 0, tzinfo=UTC)
METRICS = (
    Metric("negative", Datatype.DOUBLE, -7.5, AT),
    Metric("small", Datatype.DOUBLE, -100.0, AT),
    Metric("fraction", Datatype.DOUBLE, -5.3, AT),
    Metric("zero", Datatype.DOUBLE, 0.0, AT),
    Metric("large", Datatype.DOUBLE, 123456.75, AT),
    Metric("count", Datatype.INT64, 3, AT),
    Metric("bdSeq", Datatype.INT64, 255, AT),
    Metric("below", Datatype.INT64, -42, AT),
    Metric("on", Datatype.BOOLEAN, True, AT),
    Metric("off", Datatype.BOOLEAN, False, AT),
    Metric("mode", Datatype.STRING, "heat", AT),
    Metric("name", Datatype.STRING, "出水温度", AT),
    Metric("late", Datatype.DOUBLE, -1.25, AT, historical=True),
)
_PYTHON = "import json, sys\npayload = bytes.fromhex(sys.stdin.read())\nfound = {}\n"
PYSPARKPLUG = (
    _PYTHON
    + """
from pysparkplug import NBirth
for metric in NBirth.decode(payload).metrics:
    found[metric.name] = metric.value
print(json.dumps(found))
"""
)
WRAPPER = (
    _PYTHON
    + """
from mqtt_spb_wrapper.spb_base import SpbPayloadParser
told = SpbPayloadParser().parse_payload(payload)
for metric in told["metrics"]:
    found[metric["name"]] = metric["value"]
print(json.dumps(found))
"""
)
TAHU = (
    _PYTHON
    + """
from tahu import sparkplug_b_pb2
parsed = sparkplug_b_pb2.Payload()
parsed.ParseFromString(payload)
for metric in parsed.metrics:
    value = getattr(metric, metric.WhichOneof("value"))
    if metric.datatype == 4 and value >= 1 << 63:
        value -= 1 << 64
    found[metric.name] = value
print(json.dumps(found))
"""
)
NODE = """
const { get } = require('sparkplug-payload');
const text = require('fs').readFileSync(0, 'utf8');
const found = {};
for (const metric of get('spBv1.0').decodePayload(Buffer.from(text, 'hex')).metrics) {
  const value = metric.value;
  found[metric.name] = value !== null && typeof value === 'object' ? Number(value) : value;
}
console.log(JSON.stringify(found));
"""
PYTHONS: Mapping[str, tuple[str, str]] = {
    "pysparkplug": ("pysparkplug==0.6.1", PYSPARKPLUG),
    "mqtt-spb-wrapper": ("mqtt-spb-wrapper==2.1.2", WRAPPER),
    "tahu": ("tahu==0.1.2", TAHU),
}


def run(options: Options) -> Figures:
    """Install each decoder apart and compare what it reads with what was written."""
    payload = encode(METRICS, AT, 0).hex()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (package, script) in PYTHONS.items():
            options.progress(name)
            rows.append(_judged(name, _python(Path(folder) / name, package, script, payload)))
        options.progress("sparkplug-payload")
        rows.append(_judged("sparkplug-payload (npm)", _node(Path(folder) / "js", payload)))
    ran = [row for row in rows if row["ran"]]
    return {
        "decoders": len(ran),
        "alike": sum(row["wrong"] == "" for row in ran),
        "differing": sum(row["wrong"] != "" for row in ran),
        "metrics": len(METRICS),
        "each": rows,
    }


def _judged(name: str, said: str) -> Row:
    try:
        found = json.loads(said.strip().splitlines()[-1])
    except (ValueError, IndexError):
        why = said.strip().splitlines()[-1][:120] if said.strip() else "said nothing"
        return {"decoder": name, "ran": False, "wrong": "", "why": why}
    wrong = [
        f"{metric.name}: {found.get(metric.name)!r}"
        for metric in METRICS
        if not _same(metric.value, found.get(metric.name))
    ]
    return {"decoder": name, "ran": True, "wrong": ", ".join(wrong), "why": ""}


def _same(written: Figure, read: object) -> bool:
    if isinstance(written, bool) or isinstance(read, bool):
        return written is read
    if isinstance(written, int | float) and isinstance(read, int | float):
        return math.isclose(written, read, rel_tol=1e-12)
    return written == read


def _python(folder: Path, package: str, script: str, payload: str) -> str:
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    make = [sys.executable, "-m", "venv", str(folder)]
    if shutil.which("uv"):  # the same, quicker
        make, pip = ["uv", "venv", "-q", "--python", sys.executable, str(folder)], ["uv", "pip"]
        pip += ["install", "-q", "--python", python]
    for command in (make, [*pip, package, "setuptools<81"]):
        if (failed := _call(command)) is not None:
            return failed
    return _output([python, "-c", script], payload, folder)


def _node(folder: Path, payload: str) -> str:
    folder.mkdir()
    if shutil.which("npm") is None:
        return "npm is not installed"
    (folder / "package.json").write_text("{}")
    install = ["npm", "install", "--silent", "--no-audit", "sparkplug-payload@1.0.3"]
    if (failed := _call(install, folder)) is not None:
        return failed
    return _output(["node", "-e", NODE], payload, folder)


def _call(command: Sequence[str], folder: Path | None = None) -> str | None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"not installed: {done.stderr.strip()[-100:]}"


def _output(command: Sequence[str], payload: str, folder: Path) -> str:
    done = subprocess.run(
        command, input=payload, cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else done.stderr


BENCH = Bench(
    "sparkplug_decoders",
    "A payload of ours, negative values included, read by decoders of others. Needs the network to"
    " install them; what cannot be installed is listed as not run.",
    "one birth of 13 metrics: Double, Int64, Boolean, String, one of them historical",
    run,
    goals=(Goal("decoders", ">=", 3), Goal("differing", "=", 0)),
)
