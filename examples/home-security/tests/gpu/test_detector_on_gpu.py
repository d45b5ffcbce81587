"""The graphics card sees what the processor sees."""

import pytest

from home_security.detector import on_cpu
from scenes import BACKGROUND, SCENES, night, painted

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def on_gpu():
    """The detector; whoever asks for this tier on a machine without a card learns what is missing."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install '.[gpu]'")
    if not torch.cuda.is_available():
        pytest.skip("no graphics card that CUDA can use")
    from home_security.detector import on_gpu

    return on_gpu


@pytest.mark.parametrize("scene", [scene for scene, _ in SCENES.values()], ids=SCENES)
def test_both_find_the_same_blobs(on_gpu, scene):
    frame = painted(scene)

    assert on_gpu.blobs(frame, BACKGROUND) == on_cpu.blobs(frame, BACKGROUND)


def test_both_see_nobody_in_the_noise_of_a_night(on_gpu):
    assert on_gpu.blobs(night(), BACKGROUND) == []
