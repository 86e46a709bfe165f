"""Whether the contract is what AsyncAPI says a document is, judged by its own parser."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.reference import asyncapi
from bench.kit import Bench, Figures, Goal, Options

PARSER = "@asyncapi/parser@3.6.6"
WORST = {0: "error", 1: "warning"}
NODE = """
const {Parser} = require('@asyncapi/parser')
const text = require('fs').readFileSync(0, 'utf8')
new Parser().parse(text).then(({diagnostics}) => process.stdout.write(JSON.stringify(diagnostics)))
"""


def run(options: Options) -> Figures:
    """The generated document, and the same three times with something wrong."""
    if shutil.which("npm") is None:
        return {"errors": None, "why": "npm is not installed"}
    document = json.loads(json.dumps(asyncapi()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "package.json").write_text("{}", "utf-8")
        install = ["npm", "install", "--silent", "--no-audit", PARSER]
        subprocess.run(install, cwd=folder, check=True, capture_output=True)
        found = _judged(folder, document)
        for one in found:
            options.progress(one)
        refused = [any(_errors(_judged(folder, wrong))) for wrong in _wrong(document)]
    return {
        "errors": len(_errors(found)),
        "warnings": sum(one.startswith("warning") for one in found),
        "wrong_documents": len(refused),
        "wrong_refused": sum(refused),
        "asyncapi": document["asyncapi"],
        "parser": PARSER,
    }


def _wrong(document: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    """A title without a version, an operation that leads nowhere, a schema that is none."""
    nowhere = {"action": "send", "channel": {"$ref": "#/channels/none"}}
    return (
        {**document, "info": {"title": "no version"}},
        {**document, "operations": {"lost": nowhere}},
        {**document, "components": {"schemas": {"Wrong": {"type": "no such type"}}}},
    )


def _judged(folder: Path, document: Mapping[str, object]) -> list[str]:
    """What the parser says, the severity first: errors, warnings, hints."""
    done = subprocess.run(
        ["node", "-e", NODE], cwd=folder, input=json.dumps(document), capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    return [
        f"{WORST.get(one['severity'], 'hint')} {'/'.join(map(str, one['path']))}: {one['message']}"
        for one in json.loads(done.stdout)
    ]


def _errors(found: Sequence[str]) -> list[str]:
    return [one for one in found if one.startswith("error")]


BENCH = Bench(
    "asyncapi",
    "The generated contract judged by AsyncAPI's own parser, which holds it against the official"
    " JSON Schema of its version; and three documents with a mistake, which it must refuse. Needs"
    " the network to install the parser.",
    "docs/reference/asyncapi.json as `heatpump-agent docs` writes it",
    run,
    (Goal("errors", "=", 0), Goal("wrong_refused", "=", 3)),
)
