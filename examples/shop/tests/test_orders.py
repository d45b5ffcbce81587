"""What is committed here is there for the rest of this module, and for no other one."""

import shop


def test_an_order_takes_from_the_stock(postgres):
    with postgres.connect() as connection:
        shop.order(connection, "tea", 2)

    with postgres.connect() as connection:
        assert shop.left(connection, "tea") == 1


def test_it_is_still_taken(postgres):
    with postgres.connect() as connection:
        assert shop.left(connection, "tea") == 1
