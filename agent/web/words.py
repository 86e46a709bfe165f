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
    "away_until": _("外出到哪一天", "Away until"),
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
    "code": _("标签上的认领码或家庭密码", "Claim code of the label, or household PIN"),
    "wrong": _("密码不对。", "The code is wrong."),
    "wait": _("请等 {} 秒再试。", "Try again in {} s."),
    "unclaimed": _(
        "还没有认领码。请安装人员在网关上运行 heatpump-agent claim。",
        "There is no code yet: the installer runs heatpump-agent claim on the gateway.",
    ),
    "technician": _("技术人员", "Technician"),
    "install": _("安装调试", "Set up"),
    "set_up_now": _(
        "这台网关还没有安装调试。安装人员请用标签上的认领码登录。",
        "This gateway is not set up yet. The installer logs in with the claim code of the label.",
    ),
    "in_service": _(
        "网关已在运行。实时数据和自检在“技术人员”页。",
        'The gateway is in service. Live values and self-tests are on the page "Technician".',
    ),
    "search_line": _("扫描线路", "Search the line"),
    "which_port": _("接在哪个端口", "Which port"),
    "no_port": _(
        "没有找到串口：请插上 RS485 转换器后刷新。",
        "No serial port is there: plug the RS-485 adapter in and reload.",
    ),
    "other_port": _("或网络地址", "Or an address of the network"),
    "network": _("网络", "Network"),
    "network_address": _("地址", "Address"),
    "network_route": _("出口", "Way out"),
    "network_name": _("域名", "Name"),
    "network_broker": _("平台", "Platform"),
    "try_network": _("检查网络", "Check the network"),
    "serves_meter": _("它量哪台热泵的电？", "Whose electricity does it measure?"),
    "serves_sensor": _("它量哪台热泵供暖的房间？", "Which heat pump heats its room?"),
    "serves_nobody": _("都不是，只读数", "None of them: only read it"),
    "serves_unit": _("属于地址 {}", "for address {}"),
    "search_quick": _("开始扫描", "Search"),
    "search_again": _("再扫一次", "Search again"),
    "search_full": _("扫描所有地址（几分钟）", "Search all addresses (minutes)"),
    "search_help": _(
        "只读取，不写入。一分钟内试完常用设置；没有应答时再查一两分钟原因。",
        "It only reads, a minute; if nobody answers, it takes some more to find out why.",
    ),
    "searching": _("正在扫描", "Searching"),
    "look_again": _("刷新", "Look again"),
    "found_nobody": _("没有设备应答", "Nobody answers"),
    "found_units": _("找到 {} 台设备", "Found: {}"),
    "address": _("地址", "address"),
    "unknown_make": _(
        "有应答，但与已装驱动都不符。请向厂家要点表。",
        "answers, but fits no installed driver. Ask the vendor for its point list.",
    ),
    "kind_heat_pump": _("热泵", "Heat pump"),
    "kind_meter": _("电表", "Electricity meter"),
    "kind_sensor": _("室内传感器", "Room sensor"),
    "display": _("设备显示屏上是这些值吗？", "Does the machine's display show these?"),
    "no_values": _(
        "没有可对照的读数，请核对铭牌。", "It has no value to compare: look at its name plate."
    ),
    "agrees": _("一致", "They agree"),
    "take": _("铭牌一致", "The name plate agrees"),
    "leave_out": _("不用它", "Leave it out"),
    "taken": _("已核对", "compared"),
    "left_out": _("不用", "left out"),
    "unit_name": _("名称（字母、数字）", "Name (letters, digits)"),
    "gateway_id": _("网关编号（见标签）", "The gateway's id (on the label)"),
    "broker": _("平台地址", "The platform's address"),
    "write_setup": _("写入配置并投入运行", "Write the configuration and start"),
    "written": _("配置已写入", "The configuration is written"),
    "written_help": _(
        "网关正在投入运行，一分钟内会读到数据。", "The gateway starts and reads within a minute."
    ),
    "to_household": _("看运行状态", "See how it runs"),
    "household": _("住户", "Household"),
    "language": _("English", "中文"),
    "unset": _("时间未校准", "the clock is not set"),
    "stale": _("{} 前的读数", "read {} ago"),
    "pin": _("家庭密码（6 到 12 位数字）", "Household PIN (6 to 12 digits)"),
    "pin_help": _(
        "住户用它登录并调节；留空保存则取消密码。",
        "With it the household logs in and turns its heating; an empty one takes it away.",
    ),
    "set_pin": _("设定家庭密码", "Set the household's PIN"),
    "to_change": _("登录后可以调节", "Log in to change anything"),
    "done": _("已完成。", "Done."),
    "not_done": _("没有执行：{}", "Not done: {}"),
    "under_way": _("正在进行，稍后生效。", "Under way; it will take a moment."),
    "season_days": _("本采暖季每天用电", "Electricity by day, this season"),
    "nothing_yet": _("还没有数据，几十分钟后可以看到。", "Nothing yet; come back in half an hour."),
    "legend_room": _("室温", "room"),
    "legend_wanted": _("想要", "wanted"),
    "legend_outdoor": _("室外", "outdoors"),
    "legend_power": _("用电", "power"),
    "details": _("给维修人员看", "For the service"),
    "since": _("{} 起", "since {}"),
    "told": _("已通知：{}", "Told: {}"),
    "will_tell": _("联网后通知：{}", "Told when the platform is back: {}"),
    "service_default": _("机身上的售后电话", "the service number on the machine"),
    "step_days": _("哪几天", "Days"),
    "step_from": _("从几点", "From"),
    "step_degrees": _("温度 °C", "Degrees °C"),
    "add_step": _("添加一段", "Add a step"),
    "delete_step": _("删除", "Delete"),
    "plan_help": _(
        "每一段从它的时间开始，到下一段为止。",
        "Each step holds from its time until the next begins.",
    ),
    "plan_text": _("计划（文字）", "The plan as text"),
    "plan_default": _("恢复安装时的计划", "Back to the installer's plan"),
    "updated": _("更新于 {}", "as of {}"),
    "S1": _("请马上处理", "Act now"),
    "S2": _("需要检修", "Needs service"),
    "S3": _("提醒", "Notice"),
    "audience_vendor": _("厂家", "maker"),
    "audience_service": _("维修", "service"),
    "audience_village": _("村里", "village"),
    "audience_town": _("镇里", "town"),
    "money": _("用电与电费", "Electricity and cost"),
    "kwh": _("{} 度", "{} kWh"),
    "yuan": _("{} 元", "{} yuan"),
    "values": _("实时数据", "Live values"),
    "buses": _("总线", "Buses"),
    "buffer": _("缓存与上行", "Buffer and uplink"),
    "log": _("命令记录", "Command log"),
    "tests": _("检查与自检", "Checks and self-tests"),
    "begin_poll_check": _("检查通讯（十次轮询）", "Check the wire (ten polls)"),
    "begin_test_write": _("试写 ±1 度", "Test write, 1 K and back"),
    "begin_self_test": _("开始自检", "Start the self-test"),
    "handover": _("验收记录（打印、签名）", "Handover (print, signed)"),
    "stop_test": _("停止", "Stop"),
    "visit_none": _("正常", "well"),
    "visit_soon": _("需要处理", "to be looked at"),
    "visit_now": _("不合格", "bad"),
    "testing": _("正在自检…", "Testing …"),
    "no_test": _("还没有做过", "none yet"),
    "test_help": _(
        "检查通讯只看不写：十次轮询，每 30 秒一次的约六分钟。试写把水温设定改 1 度，读回后恢复。"
        "自检会短时改变水温设定，结束后自动恢复，15 至 60 分钟。关掉页面也会做完并恢复。",
        "The check only watches ten polls: six minutes where there is one every 30 s. A test write "
        "moves the water setpoint by 1 K, reads it back and restores it at once. A self-test moves "
        "it for 15 to 60 minutes and puts it back. All of them end and restore "
        "also when this page is closed.",
    ),
    "point": _("测点", "Point"),
    "value": _("数值", "Value"),
    "quality": _("质量", "Quality"),
    "age": _("多久前", "Age"),
    "raw": _("原始值", "Raw"),
    "line": _("线路", "Line"),
    "requests": _("请求", "requests"),
    "silences": _("无应答", "silences"),
    "garbled": _("错帧", "garbled"),
    "refused": _("拒绝", "refused"),
    "lost": _("断线", "lost"),
    "sweeps": _("轮次", "rounds"),
    "holes": _("缺点", "holes"),
    "waits": _("待传", "waiting"),
    "oldest": _("最早", "oldest"),
    "size": _("文件", "file"),
    "sent": _("已发", "sent"),
    "acked": _("已确认", "acknowledged"),
    "resent": _("重发", "sent again"),
    "reconnects": _("重连", "reconnections"),
    "dropped": _("丢弃", "dropped"),
    "thinned": _("抽稀", "thinned"),
    "disk": _("磁盘", "disk"),
    "when": _("时间", "When"),
    "what": _("事项", "What"),
    "detail": _("内容", "Detail"),
    "suspects": _("可能原因", "Suspects"),
    "evidence": _("依据", "Evidence"),
    "acknowledged_by": _("已确认：{}", "acknowledged: {}"),
    "everything": _("没有报警", "no alarms"),
    "nobody": _("没有配置热泵", "no heat pump is configured"),
}


DAYS: Mapping[str, tuple[str, ...]] = {
    "zh": ("一", "二", "三", "四", "五", "六", "日"),
    "en": ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"),
}
# Why the core refuses, where a household can be told more plainly than in its own words.
REFUSALS: tuple[tuple[str, Text], ...] = (
    ("allowed:", _("超出允许的范围", "it is outside of what is allowed")),
    ("answered lately", _("热泵最近没有应答，请稍后再试", "the heat pump has not answered lately")),
    ("writes today", _("今天调节的次数已用完，明天再试", "it was changed too often today")),
    ("frost", _("为了防冻，现在不能这样调", "it would risk frost now")),
    ("clock", _("网关时间未校准", "the clock of the gateway is not set")),
    ("still holds", _("另一项设定仍然有效", "another choice still holds")),
    ("last day away", _("日期不对：从今天起最多 60 天", "from today on, 60 days at most")),
    ("no open alarm", _("这条提醒已经结束", "this alarm has ended already")),
)


def plainly(why: str, language: Language) -> str:
    """A refusal in words for the household; the core's own where there are none."""
    known = next((text for sign, text in REFUSALS if sign in why), None)
    return say(known, language) if known is not None else why


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

    @property
    def days(self) -> tuple[str, ...]:
        """The days of the week, Monday first."""
        return DAYS[self.language]

    def text(self, text: Text) -> str:
        """Words that came with a record."""
        return say(text, self.language)
