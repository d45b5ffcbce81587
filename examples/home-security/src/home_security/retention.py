"""Old events are forgotten. ``python -m home_security.retention`` does it; run it once a day."""

import os
from datetime import datetime, timedelta

from sqlalchemy import create_engine, delete, select
from sqlalchemy.orm import Session

from home_security.models import Alert, Event, Household, now
from home_security.settings import Settings
from home_security.vocabulary import AlertStatus


def forget_old(session: Session, at: datetime) -> int:
    """Delete what is older than each household wants to keep; say how many events that were.

    An alert that nobody has resolved is kept, however old. The audit is kept.
    """
    count = 0
    for household in session.scalars(select(Household)):
        oldest = at - timedelta(days=household.retention_days)
        old_events = delete(Event).where(Event.household_id == household.id, Event.at < oldest)
        count += session.execute(old_events).rowcount
        session.execute(
            delete(Alert).where(
                Alert.household_id == household.id,
                Alert.status == AlertStatus.RESOLVED,
                Alert.last_at < oldest,
            )
        )
    return count


def main() -> None:
    """Forget, and say how much."""
    engine = create_engine(Settings.of(os.environ).database_url)
    with Session(engine) as session, session.begin():
        print(f"{forget_old(session, now())} events forgotten")
    engine.dispose()


if __name__ == "__main__":
    main()
