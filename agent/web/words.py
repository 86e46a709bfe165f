"""The words of the page in both languages, Chinese first. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from agent.web.routes import Asked
from agent.web.view import Text

Language = Literal["zh", "en"]


def language_of(asked: Asked) -> Language:
    """What was chosen, else what the browser asks for first, else Chinese."""
    chosen = asked.args.get("lang") or asked.cookies.get("lang")
    if chosen in ("zh", "en"):
        return "zh" if chosen == "zh" else "en"
    return "en" if asked.languages.strip().lower().startswith("en") else "zh"


def say(text: Text, language: Language) -> str:
    """The words in this language."""
    return text.zh if language == "zh" else text.en


def _(zh: str, en: str) -> Text:
    return Text(zh, en)


WORDS: Mapping[str, Text] = {
    "title": _("热泵", "Heat pump"),
    "room": _("室内", "Room"),
    "outdoor": _("室外", "Outdoors"),
    "water": _("供水", "Water"),
    "power": _("用电", "Power"),
    "wanted_room": _("想要的室温", "Wanted in the room"),
    "wanted_water": _("设定水温", "Water set to"),
    "warmer": _("高一点", "Warmer"),
    "cooler": _("低一点", "Cooler"),
    "until": _("按您的要求保持到 {}", "As you wished until {}"),
    "as_planned": _("按计划", "As planned"),
    "back": _("恢复按计划", "Back to the plan"),
    "mode": _("模式", "Mode"),
    "plan": _("按计划", "By the plan"),
    "steady": _("一直保暖", "Always warm"),
    "away": _("外出", "Away"),
    "away_until": _("最后一天", "Last day away"),
    "apply": _("确定", "Apply"),
    "week": _("一周计划", "Week plan"),
    "edit": _("修改", "Change"),
    "save": _("保存", "Save"),
    "cancel": _("取消", "Cancel"),
    "today": _("今天", "Today"),
    "season": _("本采暖季", "This season"),
    "paid": _("自付 {}", "you pay {}"),
    "refund": _("补贴 {}", "refund {}"),
    "cap": _("还可享受补贴 {} 度", "{} kWh may still be refunded"),
    "no_price": _("没有电价", "no tariff"),
    "last_day": _("最近一天", "The last day"),
    "alarms": _("故障与提醒", "Alarms"),
    "no_alarms": _("一切正常", "All is well"),
    "do_now": _("现在可以做", "What to do now"),
    "call": _("联系", "Call"),
    "acknowledge": _("知道了", "I have seen it"),
    "seen": _("已知晓", "seen"),
    "over": _("已恢复", "over"),
    "platform": _("平台", "Platform"),
    "connected": _("已连接", "connected"),
    "offline": _("未连接，供暖照常", "not connected; heating goes on"),
    "waiting": _("待上传 {} 条", "{} records wait"),
    "log_in": _("登录", "Log in"),
    "log_out": _("退出", "Log out"),
    "code": _("标签上的验证码或家庭密码", "Code of the label, or household PIN"),
    "wrong": _("密码不对。", "The code is wrong."),
    "wait": _("请等 {} 秒再试。", "Try again in {} s."),
    "unclaimed": _(
        "还没有验证码。请安装人员在网关上运行 heatpump-agent claim。",
        "There is no code yet: the installer runs heatpump-agent claim on the gateway.",
    ),
    "technician": _("技术人员", "Technician"),
    "household": _("住户", "Household"),
    "language": _("English", "中文"),
    "unset": _("时间未校准", "the clock is not set"),
    "stale": _("{} 前的读数", "read {} ago"),
    "pin": _("家庭密码（6 到 12 位数字）", "Household PIN (6 to 12 digits)"),
    "set_pin": _("设定家庭密码", "Set the household's PIN"),
    "to_change": _("登录后可以调节", "Log in to change anything"),
    "nobody": _("没有配置热泵", "no heat pump is configured"),
}


class Speech:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    @property
    def other(self) -> Language:
        return "en" if self.language == "zh" else "zh"

    def __call__(self, word: str, *given: object) -> str:
        text = say(WORDS[word], self.language)
        return text.format(*given) if given else text

    def text(self, text: Text) -> str:
        """Words that came with a record."""
        return say(text, self.language)
