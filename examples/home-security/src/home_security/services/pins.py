"""PINs are kept as salted hashes."""

import hashlib
import hmac

_ROUNDS = 20_000


def hashed(pin: str, salt: bytes) -> str:
    """What is stored: the salt and the hash, as hex."""
    digest = hashlib.pbkdf2_hmac("sha256", pin.encode(), salt, _ROUNDS)
    return f"{salt.hex()}${digest.hex()}"


def is_right(pin: str, stored: str) -> bool:
    """Whether a PIN is the one that was stored. Takes as long for a wrong one."""
    salt, _, _ = stored.partition("$")
    return hmac.compare_digest(hashed(pin, bytes.fromhex(salt)), stored)
