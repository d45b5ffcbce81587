"""What all tests share."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st

# A property is a unit test too: few examples each time, within the seconds that a unit may take.
settings.register_profile("quick", max_examples=25, deadline=None)
settings.load_profile("quick")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart():
    """Hypothesis' table of characters takes seconds to make: once, before workers are forked."""
    st.text().validate()
