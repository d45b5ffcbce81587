"""Somebody in front of the camera. The same scenes are shown to the graphics card in tests/gpu."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_security.detector.on_cpu import blobs
from home_security.detector.silhouettes import THRESHOLD, Box, people
from scenes import BACKGROUND, SCENES, night, painted


@pytest.mark.parametrize(("scene", "expected"), SCENES.values(), ids=SCENES)
def test_every_blob_is_found(scene, expected):
    assert blobs(painted(scene), BACKGROUND) == expected


def test_a_still_picture_shows_nobody():
    assert people(blobs(BACKGROUND, BACKGROUND)) == []


def test_somebody_upright_is_a_person():
    [person] = people(blobs(painted([(20, 10, 6, 12)]), BACKGROUND))

    assert person.box == Box(20, 10, 6, 12, 72)
    assert person.confidence == 1.0


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param((5, 30, 14, 5), id="a dog: longer than high"),
        pytest.param((5, 5, 2, 4), id="a leaf: too small"),
        pytest.param((5, 2, 2, 40), id="a branch: too thin"),
    ],
)
def test_not_everything_that_moves_is_a_person(blob):
    assert people(blobs(painted([blob]), BACKGROUND)) == []


def test_noise_of_a_dark_night_is_nobody():
    assert blobs(night(), BACKGROUND) == []


def test_exactly_the_threshold_is_still_noise():
    frame = np.full_like(BACKGROUND, BACKGROUND[0, 0] + THRESHOLD)

    assert blobs(frame, BACKGROUND) == []


@settings(max_examples=25)
@given(st.integers(0, 58), st.integers(0, 34), st.integers(1, 6), st.integers(1, 14))
def test_a_single_blob_is_measured_exactly_wherever_it_is(left, top, width, height):
    found = blobs(painted([(left, top, width, height)]), BACKGROUND)

    assert found == [Box(left, top, width, height, width * height)]
