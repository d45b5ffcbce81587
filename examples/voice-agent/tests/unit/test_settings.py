"""What a process is told by its environment."""

import pytest

from voice_agent.settings import MissingSettingError, Settings


def test_only_the_address_of_redis_is_needed():
    assert Settings.of({"VOICE_AGENT_REDIS_URL": "redis://here"}).redis_url == "redis://here"


@pytest.mark.parametrize("environ", [{}, {"VOICE_AGENT_REDIS_URL": ""}])
def test_without_it_the_variable_is_named(environ):
    with pytest.raises(MissingSettingError, match="set VOICE_AGENT_REDIS_URL"):
        Settings.of(environ)


@pytest.mark.parametrize("ttl", ["0", "-1", "nan"])
def test_a_time_to_live_must_be_one(ttl):
    with pytest.raises(ValueError, match="VOICE_AGENT_TTL_S must be more than 0"):
        Settings.of({"VOICE_AGENT_REDIS_URL": "redis://here", "VOICE_AGENT_TTL_S": ttl})
