"""Measured values as findings say them."""

from __future__ import annotations

from math import isfinite


def percent(share: float) -> str:
    """`0.5 %`."""
    return f"{share * 100:.3g} %"


def value(found: float | None, unit: str) -> str:
    """`121.3 ms`, `0.5 %`, `no answer`."""
    if unit == "ratio":
        return "unknown" if found is None else percent(found)
    return "no answer" if found is None else f"{found:.4g} ms"


def change(before: float | None, after: float | None, unit: str) -> str:
    """`121.3 ms before, 242.1 ms now (+100%)`."""
    grew = f" ({after / before - 1:+.0%})" if before and after is not None else ""
    return f"{value(before, unit)} before, {value(after, unit)} now{grew}"


def finite(found: float) -> float | None:
    """The value; None where no answer came."""
    return found if isfinite(found) else None
