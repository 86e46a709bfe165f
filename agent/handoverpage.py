"""The handover as a page to print, both languages on one sheet, with the label to cut out. Pure."""

from __future__ import annotations

from markupsafe import Markup

from agent.handover import Handover, Machine, Wire
from agent.selftest import Report

STYLE = """body{font:11pt/1.5 sans-serif;max-width:48rem;margin:1rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{border:1px solid #777;padding:.2rem .5rem;
text-align:left;vertical-align:top}.label{border:2px dashed #000;padding:.6rem;width:18rem}
.needs{font-weight:bold}small{color:#444}@page{margin:15mm}"""
_PAGE = Markup("""<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>{gateway} 验收 Handover</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style></head>
<body><h1>验收记录 Handover</h1>
<table><tr><th>网关 gateway</th><td>{gateway}</td></tr>
<tr><th>时间 time</th><td>{at}</td></tr>
<tr><th>型号、版本 model, version</th><td>{model} {version}</td></tr>
<tr><th>安全更新截止 security updates until</th><td>{until}</td></tr>
<tr><th>签名 signature</th><td>{signature}</td></tr></table>
{lines}
<h2>签字 Signed by</h2><p>安装人员 installer ______________　住户 resident ______________</p>
<h2>标签 Label</h2><div class="label"><b>{gateway}</b><br>{model} {version}<br>{day}</div>
</body></html>
""")
_LINE = Markup("""<h2>{name} <small>{port} {setting}</small></h2>
<table><tr><th>设备 device</th><th>驱动 driver</th><th>地址 id</th><th>检查 checks</th></tr>{rows}
</table>""")
_ROW = Markup("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}{}</td></tr>")
_TEST = Markup("<p><b>{}</b> <small>{} · {}</small>{}</p>")
_FOUND = Markup("<br>{} {}<br><small>{}</small>")
_NEEDS = Markup('<p class="needs">还缺 still needed: {}</p>')
_NAMES = {
    "poll_check": "十次轮询 ten polls",
    "test_write": "试写 ±1 度 test write, 1 K and back",
    "self_test": "自检 self-test",
}
_VISITS = {"none": "正常 well", "soon": "需要处理 to be looked at", "now": "不合格 bad"}


def sheet(made: Handover, why: str) -> str:
    """The whole page; `why` says why it is not signed, if it is not."""
    return str(
        _PAGE.format(
            style=STYLE,
            gateway=made.gateway,
            at=f"{made.made_at:%Y-%m-%d %H:%M %Z}",
            day=f"{made.made_at:%Y-%m-%d}",
            model=made.model,
            version=made.version,
            until=made.supported_until,
            signature=why or "ES256, x5c",
            lines=Markup("").join(_line(one) for one in made.lines),
        )
    )


def _line(one: Wire) -> Markup:
    setting = f"{one.baudrate} 8{one.parity[0].upper()}{one.stop_bits}" if one.parity else ""
    rows = Markup("").join(_row(machine) for machine in one.machines)
    return _LINE.format(name=one.name, port=one.port, setting=setting, rows=rows)


def _row(one: Machine) -> Markup:
    tests = Markup("").join(_test(report) for report in one.tests)
    needs = ", ".join(_NAMES[order] for order in one.needs)
    return _ROW.format(
        one.name, one.driver, one.unit_id, tests, _NEEDS.format(needs) if needs else ""
    )


def _test(one: Report) -> Markup:
    found = Markup("").join(
        _FOUND.format(
            check.zh, check.en, ", ".join(f"{name} {value}" for name, value in check.values.items())
        )
        for check in one.checks
    )
    return _TEST.format(_NAMES[one.order], f"{one.at:%Y-%m-%d %H:%M}", _VISITS[one.visit], found)
