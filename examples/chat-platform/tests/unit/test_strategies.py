"""The table that ``make strategies`` prints."""

from strategies import table


def test_a_row_for_each_level_and_a_column_for_each_file():
    auth, chat = "tests/integration/test_auth.py", "tests/integration/test_chat.py"
    tests = [
        {"name": f"{auth}::test_it[savepoint]", "duration": 0.001},
        {"name": f"{auth}::test_it[savepoint-no-name]", "duration": 0.002},
        {"name": f"{auth}::test_that[savepoint]", "duration": 0.009},
        {"name": f"{chat}::test_it[server]", "duration": 0.5},
        {"name": f"{auth}::test_without_a_level", "duration": 9},
    ]

    assert table(tests).splitlines() == [
        "median of a test               Postgres    Postgres and Redis",
        "savepoint                     2 ms of 3                     -",
        "clone                                 -                     -",
        "truncate                              -                     -",
        "server                                -           500 ms of 1",
    ]
