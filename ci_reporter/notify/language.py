"""The words of our own that a message holds, in the languages it can have."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """English, or simplified Chinese."""

    EN = "en"
    ZH = "zh"


_ZH = {
    "Resolved": "已恢复",
    "Result": "结果",
    "Service": "服务",
    "Environment": "环境",
    "Repository": "仓库",
    "Pipeline": "流水线",
    "Job": "任务",
    "Branch": "分支",
    "Tag": "标签",
    "Change": "变更",
    "Started by": "触发人",
    "Duration": "耗时",
    "Coverage": "覆盖率",
    "Tests": "测试",
    "Exit code": "退出码",
    "Reason": "原因",
    "Commit": "提交",
    "Failed tests": "失败的测试",
    "Text": "说明",
    "Level": "级别",
    "Run": "运行",
    "Log": "日志",
    "Rule": "规则",
    "Verdict": "判定",
    "Action": "操作",
    "success": "成功",
    "failure": "失败",
    "error": "错误",
    "timeout": "超时",
    "cancellation": "已取消",
    "skip": "已跳过",
    "info": "信息",
    "warning": "警告",
    "critical": "严重",
    "… {} more": "… 还有 {} 项",
    "{} alerts": "{} 条告警",
    "ms": "毫秒",
    "s": "秒",
    "min": "分",
    "h": "小时",
    "d": "天",
    "{} run": "{} 次运行",
    "{} runs": "{} 次运行",
    "at least {}": "至少 {}",
    "for {}": "已持续 {}",
    "recovered after {}": "经过 {} 后恢复",
    "{failed} of {total} failed": "{total} 项中 {failed} 项失败",
    "{} flaky": "{} 项不稳定",
    "{} so far": "已运行 {}",
    "running": "运行中",
}


def words(text: str, language: Language) -> str:
    """A word of ours in that language; one that has no translation stays as it is."""
    return _ZH.get(text, text) if language is Language.ZH else text


def more(count: int, language: Language) -> str:
    """`… 3 more`."""
    return words("… {} more", language).format(count)
