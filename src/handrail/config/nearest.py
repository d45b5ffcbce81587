"""The known word that a mistyped one most likely means."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The most similar of the known words, or None if none is similar."""
    import difflib  # only mistakes pay for it

    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)
