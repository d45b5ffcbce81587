"""Each kind of service as a test gets it: its own module's, ready, and what it is said to be."""

import json
import os

import pytest
from real_runs import Project

from handrail.model.events import TestFinished
from handrail.model.outcomes import Outcome
from handrail.model.tiers import Service
from handrail.ports.history import RunRow
from handrail.services.backends import Native
from handrail.services.recipes.all import RECIPES
from handrail.store.sqlite_history import SqliteHistory

pytestmark = pytest.mark.slow


def put_project(project: Project, service: str, settings: str = "") -> None:
    """A project that has the service; skips the test where nothing here can start it."""
    why = Native(os.environ).refusal(Service(name=service), RECIPES[service])
    if why:
        pytest.skip(why)
    project.put(
        "pyproject.toml",
        f"""
        [project]
        name = "shop"
        version = "1"

        [tool.handrail.services.{service}]
        {settings}
        """,
    )


def check(project: Project, body: str, passed: int) -> str:
    """Two modules with the same tests, one after the other; returns what pytest printed."""
    project.write(test_a=body, test_b=body)

    run = project.run("-n", "0")

    assert run.returncode == 0, run.stdout
    assert len(run.passed) == passed
    return run.log


def test_valkey_is_a_client_and_empty_for_each_test(project: Project) -> None:
    put_project(project, "valkey")

    check(
        project,
        """
        import pytest

        @pytest.mark.parametrize("turn", range(2))
        def test_nobody_was_here_before(valkey, turn):
            assert valkey.dbsize() == 0
            valkey.set("name", "ann")
            assert valkey.url.startswith("redis://127.")
        """,
        passed=4,
    )


@pytest.mark.parametrize("workers", ["0", "2"])
def test_history_knows_what_started_a_service(project: Project, workers: str) -> None:
    put_project(project, "valkey")
    project.write(test_a="def test_it(valkey): assert valkey.dbsize() == 0\n")

    run = project.run("-n", workers)

    assert run.returncode == 0, run.stdout
    (kept,) = SqliteHistory(project.folder / ".handrail" / "history.db").runs()
    assert kept.services == "valkey=native"


def test_flaky_says_with_which_back_end_a_test_fails(project: Project) -> None:
    history = SqliteHistory(project.folder / ".handrail" / "history.db")
    for number in range(20):
        backend = "docker" if number % 2 else "native"
        outcome = Outcome.FAILED if backend == "docker" else Outcome.PASSED
        row = RunRow(
            run_id=f"run{number}",
            started_at=float(number),
            ended_at=number + 1.0,
            verdict="passed",
            tiers="fast",
            workers=1,
            python="3.11.7",
            commit="c0ffee",
            is_dirty=False,
            services=f"valkey={backend}",
        )
        attempt = TestFinished(at=0.0, test="test_a.py::test_it", outcome=outcome, duration_s=0.1)
        history.save(row, [attempt])

    listed = project.command("handrail", "flaky")
    document = json.loads(project.command("handrail", "flaky", "--json").stdout)

    assert listed.stdout.splitlines()[-1] == (
        "  fails with valkey=docker: 10 of 10 attempts, 0 of 10 with others"
    )
    assert document["tests"][0]["backends"] == [
        {
            "backend": "valkey=docker",
            "failures": 10,
            "attempts": 10,
            "other_failures": 0,
            "other_attempts": 10,
        }
    ]


def test_nats_is_the_modules_own(project: Project) -> None:
    put_project(project, "nats", 'env = { NATS_URL = "{url}" }')

    check(
        project,
        """
        import os, socket

        seen = []

        def test_it_answers(nats):
            with socket.create_connection((nats.host, nats.port), 10) as connection:
                assert connection.recv(4096).startswith(b'INFO {"server_id"')
            assert os.environ["NATS_URL"] == nats.url == f"nats://{nats.host}:{nats.port}"
            seen.append(nats.url)

        def test_it_is_the_same_for_the_rest_of_the_module(nats):
            assert seen == [nats.url]
        """,
        passed=4,
    )


def test_mqtt_is_the_modules_own(project: Project) -> None:
    put_project(project, "mqtt")

    check(
        project,
        """
        import socket

        CONNECT = b"\\x10\\x0d\\0\\x04MQTT\\x04\\x02\\0\\x3c\\0\\x01a"

        def test_it_lets_everybody_in(mqtt):
            with socket.create_connection((mqtt.host, mqtt.port), 10) as connection:
                connection.sendall(CONNECT)
                assert connection.recv(4) == b"\\x20\\x02\\0\\0"
            assert mqtt.url == f"mqtt://{mqtt.host}:{mqtt.port}"
        """,
        passed=2,
    )


MARIADB = """
    import pytest
    from handrail.model.services import Address
    from handrail.services.mysql_wire import Connection

    def ask(mariadb, sql):
        address = Address(host=mariadb.host, port=mariadb.port)
        with Connection(address, user=mariadb.user, database=mariadb.name) as connection:
            return connection.execute(sql)
    """


def test_mariadb_is_the_modules_own_copy_of_the_template(project: Project) -> None:
    put_project(project, "mariadb", 'template = "schema.sql"')
    project.put(
        "schema.sql",
        """
        CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, name TEXT);
        CREATE TABLE countries (code TEXT);
        INSERT INTO countries VALUES ('ch'), ('de');
        """,
    )

    check(
        project,
        MARIADB
        + """
    def test_it_is_migrated_and_empty(mariadb):
        assert ask(mariadb, "SELECT count(*) FROM countries") == [("2",)]
        assert ask(mariadb, "SELECT count(*) FROM users") == [("0",)]
        ask(mariadb, "INSERT INTO users (name) VALUES ('ann')")

    def test_what_is_committed_is_there_for_the_rest_of_the_module(mariadb):
        assert ask(mariadb, "SELECT count(*) FROM users") == [("1",)]

    left_open = []

    @pytest.mark.isolation("truncate")
    @pytest.mark.parametrize("turn", range(2))
    def test_it_can_be_emptied_but_for_the_template(mariadb, turn):
        assert ask(mariadb, "SELECT count(*) FROM countries") == [("2",)]
        ask(mariadb, "INSERT INTO users (name) VALUES ('ann')")
        assert ask(mariadb, "SELECT id FROM users") == [("1",)]
        address = Address(host=mariadb.host, port=mariadb.port)
        left_open.append(Connection(address, user=mariadb.user, database=mariadb.name))
        left_open[-1].execute("BEGIN; SELECT id FROM users")
    """,
        passed=8,
    )


def test_s3_is_emptied_after_each_module_and_the_environment_leads_there(project: Project) -> None:
    pytest.importorskip("boto3")
    put_project(project, "s3")

    log = check(
        project,
        """
        import os
        import boto3

        def test_it_is_empty(s3):
            assert s3.client().list_buckets()["Buckets"] == []
            boto3.client("s3").create_bucket(Bucket="pictures")
            assert [each["Name"] for each in s3.client().list_buckets()["Buckets"]] == ["pictures"]

        def test_other_services_of_aws_are_there_too(s3):
            assert boto3.client("sqs").list_queues().get("QueueUrls", []) == []
            assert os.environ["AWS_ENDPOINT_URL"] == s3.url
        """,
        passed=4,
    )

    assert "handrail: s3 is moto, which imitates S3" in log


def test_kafka_says_that_it_is_a_mock(project: Project) -> None:
    put_project(project, "kafka")

    log = check(
        project,
        """
        import time
        from confluent_kafka import Consumer, Producer

        def test_a_group_gets_what_was_sent(kafka, services):
            producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
            producer.produce("orders", b"one")
            assert producer.flush(10) == 0
            consumer = Consumer({
                "bootstrap.servers": kafka.bootstrap_servers,
                "group.id": "shop",
                "auto.offset.reset": "earliest",
            })
            consumer.subscribe(["orders"])
            message = consumer.poll(30)
            consumer.close()
            assert message is not None and message.value() == b"one"
            assert kafka.is_mock
            assert kafka.note == services.kafka.note == "a mock cluster of librdkafka, no broker"
        """,
        passed=2,
    )

    assert "handrail: kafka is a mock cluster of librdkafka, no broker" in log
