"""Whether failures go with a back end of a service."""

from handrail.core.suspecting import Suspect, said, suspects

NATIVE, DOCKER = "postgres=native redis=native", "postgres=docker redis=native"


def test_a_back_end_with_which_a_test_fails_more_than_by_chance_is_suspected() -> None:
    outcomes = ["failed"] * 5 + ["passed"] * 3 + ["passed"] * 19 + ["failed", "skipped"]
    services = [DOCKER] * 8 + [NATIVE] * 21

    (found,) = suspects(outcomes, services)

    assert found == Suspect(
        backend="postgres=docker", failures=5, attempts=8, other_failures=1, other_attempts=20
    )
    assert said(found) == "fails with postgres=docker: 5 of 8 attempts, 1 of 20 with others"


def test_chance_suspects_nothing() -> None:
    assert suspects(["failed", "passed", "passed"], [DOCKER, NATIVE, NATIVE]) == ()


def test_attempts_without_the_service_are_not_compared_with() -> None:
    outcomes = ["failed"] * 10 + ["passed"] * 10

    assert suspects(outcomes, [DOCKER] * 10 + [""] * 10) == ()
