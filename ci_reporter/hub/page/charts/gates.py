"""What a gate saw before the deploy and after it, as pairs of bars: latency, and the share of errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

_WIDTH, _NAMES, _FIGURES, _ROW, _BAR = 640, 110, 90, 46, 16
_FIGURES_OF = (("p50", "p50_ms"), ("p95", "p95_ms"), ("Errors", "error_ratio"))
_PAIR = Markup(
    '<text class="job" x="0" y="{middle}">{name}</text>'
    '<rect class="before" x="{x}" y="{top}" width="{before}" height="{bar}" rx="2"/>'
    '<text class="scale" x="{before_end}" y="{before_text}">{before_said}</text>'
    '<rect class="{now_class}" x="{x}" y="{second}" width="{now}" height="{bar}" rx="2"/>'
    '<text x="{now_end}" y="{now_text}">{now_said}</text>'
)
_CHART = Markup('<svg class="gate" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')


def before_and_after(gate: Mapping[str, Any]) -> Markup:
    """The chart of what is known on both sides; nothing where nothing is."""
    known = [(name, key) for name, key in _FIGURES_OF if _both(gate, key)]
    if not known:
        return Markup()
    now = {"pass": "good", "fail": "bad"}.get(str(gate.get("verdict")), "idle")
    rows = [_pair(gate, name, key, at, now) for at, (name, key) in enumerate(known)]
    said = "; ".join(f"{name} {_said(key, gate[f'{key}_before'])}, then {_said(key, gate[key])}" for name, key in known)
    return _CHART.format(_WIDTH, _ROW * len(known), f"Before and after the deploy: {said}", Markup("").join(rows))


def _both(gate: Mapping[str, Any], key: str) -> bool:
    return all(isinstance(gate.get(name), int | float) for name in (key, f"{key}_before"))


def _pair(gate: Mapping[str, Any], name: str, key: str, at: int, now_class: str) -> Markup:
    before, now = max(0.0, gate[f"{key}_before"]), max(0.0, gate[key])
    scale = (_WIDTH - _NAMES - _FIGURES) / (max(before, now) or 1)
    top = at * _ROW + 4
    return _PAIR.format(
        name=name,
        middle=top + 21,
        x=_NAMES,
        top=top,
        second=top + _BAR + 2,
        bar=_BAR,
        before=f"{max(1.0, before * scale):.1f}",
        now=f"{max(1.0, now * scale):.1f}",
        before_end=f"{_NAMES + before * scale + 6:.1f}",
        now_end=f"{_NAMES + now * scale + 6:.1f}",
        before_text=top + 13,
        now_text=top + _BAR + 15,
        before_said=_said(key, before),
        now_said=_said(key, now),
        now_class=now_class,
    )


def _said(key: str, value: float) -> str:
    return f"{100 * value:.2g} %" if key == "error_ratio" else f"{value:.0f} ms"
