"""The tables that migrations make are the ones of the models, there and back again."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, create_engine, inspect

from home_security.migrations import migrate, revert
from home_security.models import Base

pytestmark = pytest.mark.integration


@pytest.fixture
def engine(postgres):
    engine = create_engine(postgres.sync_url)
    yield engine
    engine.dispose()
    migrate(postgres.url)  # whatever a test has undone


def tables(engine):
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


def test_the_migrated_tables_are_those_of_the_models(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)

        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize("table", Base.metadata.sorted_tables, ids=lambda table: table.name)
def test_so_are_the_constraints_which_alembic_does_not_compare(table, engine):
    found = {each["name"] for each in inspect(engine).get_check_constraints(table.name)}

    assert found == {each.name for each in table.constraints if isinstance(each, CheckConstraint)}


def test_everything_can_be_undone_and_done_again(postgres, engine):
    revert(postgres.url)
    assert tables(engine) == set()

    migrate(postgres.url)
    assert tables(engine) == set(Base.metadata.tables)


def test_one_step_at_a_time(postgres, engine):
    revert(postgres.url, "0001")
    assert inspect(engine).get_indexes("event") == []

    migrate(postgres.url, "0002")
    assert [each["name"] for each in inspect(engine).get_indexes("event")] == [
        "ix_event_household_id_at"
    ]


def test_migrating_twice_changes_nothing(postgres, engine):
    migrate(postgres.url)

    assert tables(engine) == set(Base.metadata.tables)
