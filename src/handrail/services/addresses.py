"""Loopback addresses that cannot clash: each supervisor has one of its own, made of its process id."""

import sys


def own_host(supervisor: int) -> str:
    """An address in 127.0.0.0/8 that belongs to that living process and to no other.

    Process ids have 22 bits at most. Elsewhere than on Linux there is only 127.0.0.1.
    """
    if not sys.platform.startswith("linux"):
        return "127.0.0.1"
    # Neither 127.0.x.x, where people's own servers are, nor an address that ends in 0 or 255.
    first, second, third = supervisor // (254 * 256), supervisor // 254 % 256, supervisor % 254
    return f"127.{64 + first % 128}.{second}.{third + 1}"
