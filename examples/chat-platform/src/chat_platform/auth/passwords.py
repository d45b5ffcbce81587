"""Passwords are kept as scrypt hashes: ``cost$salt$hash``."""

import hashlib
import hmac
import os

COST = 2**15
"""Of one hash: about a tenth of a second, which is what it is for. A power of two."""


def conceal(password: str, cost: int = COST) -> str:
    """What is kept of a password."""
    salt = os.urandom(16)
    return f"{cost}${salt.hex()}${_scrypt(password, salt, cost).hex()}"


def is_right(password: str, kept: str) -> bool:
    """Whether this is the password of which that was kept."""
    cost, salt, hashed = kept.split("$")
    found = _scrypt(password, bytes.fromhex(salt), int(cost))
    return hmac.compare_digest(found, bytes.fromhex(hashed))


def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    most = 128 * 8 * cost + 2**20  # bytes: what n and r need, and a little
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=8, p=1, maxmem=most)
