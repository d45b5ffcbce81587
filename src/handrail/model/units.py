"""Durations and sizes as people write them, and as Handrail shows them."""

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    "B": 1,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|[KMG]i?B)")


def parse_duration(text: str) -> float:
    """Read ``90s``, ``1m30s``, ``2h`` or ``250ms``; return seconds.

    Raises: ValueError if the text is anything else.
    """
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        raise ValueError(f"not a duration: {text!r}")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def parse_size(text: str) -> int:
    """Read ``512MiB`` or ``1.5GB``; return bytes.

    Raises: ValueError if the text is anything else.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a size: {text!r}")
    return int(float(found[1]) * _BYTES[found[2]])


def format_duration(seconds: float) -> str:
    """Show seconds for a person: ``0.12s``, ``12.4s``, ``3m41s``, ``2h05m``."""
    if seconds < 1:
        return f"{seconds:.2f}s"
    if seconds < 60:
        return f"{seconds:.1f}s".replace(".0s", "s")
    whole = round(seconds)
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes}m{rest:02d}s" if rest else f"{minutes}m"
    hours, rest = divmod(whole, 3600)
    return f"{hours}h{rest // 60:02d}m"


def format_size(size_bytes: int) -> str:
    """Show bytes for a person: ``840 B``, ``12 KiB``, ``512 MiB``, ``1.5 GiB``."""
    if abs(size_bytes) < 1024:
        return f"{size_bytes} B"
    for unit, factor in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if abs(size_bytes) >= factor:
            value = size_bytes / factor
            return (
                f"{value:.1f} {unit}"
                if value < 10 and value != int(value)
                else f"{value:.0f} {unit}"
            )
    raise AssertionError(size_bytes)
