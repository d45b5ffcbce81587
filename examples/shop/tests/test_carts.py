"""Redis is empty when a test begins."""

import shop


def test_a_cart_counts(redis):
    shop.put_into_cart(redis, "ann", "tea")
    shop.put_into_cart(redis, "ann", "tea")

    assert shop.cart(redis, "ann") == {"tea": 2}


def test_a_cart_is_empty_at_first(redis):
    assert shop.cart(redis, "ann") == {}
