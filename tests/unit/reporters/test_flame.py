"""The flame graph: one SVG file that any browser shows."""

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from handrail.reporters.flame import WIDTH, flame_graph

SVG = "{http://www.w3.org/2000/svg}"


def seconds(value: float) -> str:
    return f"{value:.1f} s"


def boxes(text: str) -> dict[str, tuple[float, float]]:
    """Left edge and width of each box, by its tooltip."""
    found = {}
    for group in ET.fromstring(text).iter(f"{SVG}g"):
        title, rect = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        assert title is not None
        assert rect is not None
        found[title.text or ""] = (float(rect.attrib["x"]), float(rect.attrib["width"]))
    return found


def test_boxes_are_as_wide_as_their_share_and_lie_in_their_callers() -> None:
    found = boxes(flame_graph({("a", "b"): 3.0, ("a",): 1.0, ("c",): 4.0}, title="", shown=seconds))

    assert found == {
        "all: 8.0 s, 100.0%": (0.0, WIDTH),
        "a: 4.0 s, 50.0%": (0.0, WIDTH / 2),
        "b: 3.0 s, 37.5%": (0.0, WIDTH * 3 / 8),
        "c: 4.0 s, 50.0%": (WIDTH / 2, WIDTH / 2),
    }


def test_nothing_measured_is_an_empty_graph() -> None:
    assert boxes(flame_graph({}, title="empty", shown=seconds)) == {}


@given(st.dictionaries(st.lists(st.text(max_size=20), max_size=4).map(tuple), st.floats(0.1, 9)))
def test_whatever_functions_are_called_the_file_is_xml_without_a_script_or_a_network(
    stacks: dict[tuple[str, ...], float],
) -> None:
    text = flame_graph(stacks, title="<script>", shown=seconds)

    ET.fromstring(text.encode("utf-8", "replace"))
    assert "<script" not in text
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]


def test_a_stack_deeper_than_python_recurses_is_drawn() -> None:
    text = flame_graph({tuple(f"f{n}" for n in range(3000)): 1.0}, title="", shown=seconds)

    assert len(boxes(text)) == 3001
