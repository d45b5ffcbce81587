"""A shop: stock and orders in Postgres, carts in Redis."""


class SoldOutError(Exception):
    """There is not enough of it."""


def order(connection, name, quantity=1):
    """Take ``quantity`` of a product out of stock and note the order; return its id.

    Raises: SoldOutError.
    """
    with connection.transaction():
        taken = connection.execute(
            "UPDATE products SET in_stock = in_stock - %(quantity)s"
            " WHERE name = %(name)s AND in_stock >= %(quantity)s RETURNING id",
            {"name": name, "quantity": quantity},
        ).fetchone()
        if taken is None:
            raise SoldOutError(name)
        return connection.execute(
            "INSERT INTO orders (product, quantity) VALUES (%s, %s) RETURNING id",
            (taken[0], quantity),
        ).fetchone()[0]


def left(connection, name):
    """How many there are."""
    return connection.execute("SELECT in_stock FROM products WHERE name = %s", (name,)).fetchone()[
        0
    ]


def put_into_cart(redis, customer, name):
    """Note a wish; it is forgotten after an hour."""
    redis.hincrby(f"cart:{customer}", name, 1)
    redis.expire(f"cart:{customer}", 3600)


def cart(redis, customer):
    """What a customer wishes, by product."""
    return {name: int(count) for name, count in redis.hgetall(f"cart:{customer}").items()}
