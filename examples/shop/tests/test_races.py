"""Two customers, two connections, one cup: each test begins with a database of its own."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import shop

pytestmark = pytest.mark.isolation("clone")


def buy_a_cup(postgres):
    with postgres.connect() as connection:
        try:
            return shop.order(connection, "cup")
        except shop.SoldOutError:
            return None


@pytest.mark.parametrize("customers", [2, 4, 8])
def test_only_one_of_them_gets_the_last_cup(postgres, customers):
    with ThreadPoolExecutor(customers) as pool:
        orders = list(pool.map(buy_a_cup, [postgres] * customers))

    assert sum(order is not None for order in orders) == 1


def test_all_the_tea_is_there(postgres):
    with postgres.connect() as connection:
        assert shop.left(connection, "tea") == 3
