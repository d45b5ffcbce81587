"""A service is in Redis as long as it lives, and hardly longer."""

import pytest

import grpc
from processes import started
from voice_agent.wire import METHODS, SPEAK

pytestmark = pytest.mark.grpc

KINDS = [method.kind for method in METHODS]
TTL_S = 1.5


def wait_for(redis, kind, address):
    """Until it is announced: what a test wrote is gone after it, announcements too, for a moment."""
    while not redis.exists(f"voice-agent:{kind}:{address}"):  # handrail bounds it
        pass


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_announced_where_it_is(services, redis, kind):
    address = getattr(services, kind).url.removeprefix("http://")

    wait_for(redis, kind, address)

    assert redis.keys(f"voice-agent:{kind}:*") == [f"voice-agent:{kind}:{address}"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_announced_when_it_says_so(redis, kind):
    with started(kind, redis.url) as other:
        assert redis.exists(f"voice-agent:{kind}:{other.address}")


@pytest.mark.parametrize("kind", KINDS)
def test_who_leaves_is_not_found_any_more(redis, kind):
    with started(kind, redis.url) as other:
        assert redis.exists(f"voice-agent:{kind}:{other.address}")

        other.leave()

        assert not redis.exists(f"voice-agent:{kind}:{other.address}")
        assert other.process.returncode == 0


def test_who_is_killed_is_found_no_longer_than_its_time_to_live(redis):
    with started("synthesiser", redis.url, ttl_s=TTL_S) as other:
        other.kill()

        assert redis.pttl(f"voice-agent:synthesiser:{other.address}") <= TTL_S * 1000


def test_an_announcement_is_renewed(redis):
    with started("synthesiser", redis.url, ttl_s=0.3) as other:
        key = f"voice-agent:synthesiser:{other.address}"
        redis.delete(key)

        wait_for(redis, "synthesiser", other.address)


@pytest.mark.isolation("server")
def test_it_serves_while_redis_is_away(redis):
    with started("synthesiser", redis.url, ttl_s=0.3) as other:
        redis.shutdown(nosave=True)

        with grpc.insecure_channel(other.address) as channel:
            assert list(SPEAK.on(channel)("two"))
        assert other.process.poll() is None


def test_without_redis_it_does_not_start():
    with (
        pytest.raises(AssertionError, match="it said ''"),
        started("synthesiser", "redis://127.0.0.1:1"),
    ):
        pass
