"""What a session does is undone after the test, its commits included."""

import pytest
from sqlalchemy import text


@pytest.mark.parametrize("price", [0, 100, 1500])
def test_a_price_can_change(postgres_session, price):
    postgres_session.execute(
        text("UPDATE products SET price_cents = :price WHERE name = 'tea'"), {"price": price}
    )
    postgres_session.commit()

    found = postgres_session.execute(text("SELECT price_cents FROM products WHERE name = 'tea'"))
    assert found.scalar() == price


def test_tea_costs_what_it_cost(postgres_session):
    found = postgres_session.execute(text("SELECT price_cents FROM products WHERE name = 'tea'"))

    assert found.scalar() == 450
