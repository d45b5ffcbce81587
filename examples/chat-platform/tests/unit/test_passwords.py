"""What is kept of a password."""

from hypothesis import given
from hypothesis import strategies as st

from chat_platform.auth.passwords import conceal, is_right

CHEAP = 16


@given(st.text(max_size=200))
def test_the_right_password_is_right(password):
    assert is_right(password, conceal(password, CHEAP))


@given(st.text(max_size=50), st.text(max_size=50))
def test_another_one_is_not(password, other):
    assert is_right(other, conceal(password, CHEAP)) == (password == other)


def test_two_who_have_the_same_do_not_look_the_same():
    assert conceal("correct horse", CHEAP) != conceal("correct horse", CHEAP)


def test_the_password_itself_is_not_kept():
    assert "correct horse" not in conceal("correct horse", CHEAP)


def test_the_cost_is_kept_with_it_so_that_it_can_be_raised():
    old = conceal("correct horse", CHEAP)

    assert old.startswith("16$")
    assert is_right("correct horse", old)
