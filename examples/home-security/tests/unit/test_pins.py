"""PINs are kept as salted hashes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from home_security.services.pins import hashed, is_right

pins = st.text("0123456789", min_size=4, max_size=8)


@settings(max_examples=5)
@given(pins, st.binary(min_size=8, max_size=16))
def test_a_pin_is_recognised_again(pin, salt):
    assert is_right(pin, hashed(pin, salt))


@settings(max_examples=5)
@given(pins, pins)
def test_no_other_pin_is(right, other):
    assert is_right(other, hashed(right, b"salt")) is (right == other)


def test_the_pin_cannot_be_read_from_what_is_stored():
    assert "2468" not in hashed("2468", b"salt").partition("$")[2]


def test_the_same_pin_of_two_people_is_stored_differently():
    assert hashed("2468", b"one") != hashed("2468", b"two")
