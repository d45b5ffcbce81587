"""The type of the fixture ``attach``, for projects that check types::

def test_page(page: Page, attach: Attach) -> None:
    attach("page.png", page.screenshot())
"""

import os
from typing import Protocol


class Attach(Protocol):
    """Keeps a file with the result of the test that asked for it."""

    def __call__(
        self, name: str | os.PathLike[str], content: bytes | str | None = None, kind: str = ""
    ) -> None:
        """``attach(path)``, or ``attach("a.json", data)``. ``kind``: the media type.

        Raises: FileNotFoundError if there is no such file; TypeError.
        """
        ...
