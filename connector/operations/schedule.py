"""Staying and syncing on a schedule: https://apscheduler.readthedocs.io/en/3.x/ (its job store is not used).

The lease, not the scheduler, keeps two runs apart; the scheduler only ticks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from connector.errors import ConnectorError, InputError
from connector.settings.settings import Settings, load_settings
from connector.world import World

if TYPE_CHECKING:
    from apscheduler.triggers.base import BaseTrigger

TICK_S = 0.5
MONTH_S = 30 * 24 * 3600


def make_trigger(settings: Settings) -> BaseTrigger:
    """The settings' schedule in the books' time zone; weekdays by name, since APScheduler counts 0 as Monday."""
    schedule = settings.schedule
    if schedule.cron_fields is not None:
        minute, hour, day, month, weekday = schedule.cron_fields
        return CronTrigger(
            minute=minute, hour=hour, day=day, month=month, day_of_week=weekday, timezone=settings.zone
        )
    return IntervalTrigger(seconds=schedule.every_s or 0, timezone=settings.zone)


def runs_a_month(settings: Settings, now: int) -> int:
    """How many runs the schedule makes in 30 days, counted over the day that follows `now`; at least one."""
    trigger, at = make_trigger(settings), datetime.fromtimestamp(now, settings.zone)
    if settings.schedule.every_s:
        return max(1, MONTH_S // settings.schedule.every_s)
    end, count = at + timedelta(days=7), 0
    while at is not None and at < end:
        at = trigger.get_next_fire_time(at, at + timedelta(seconds=1))
        count += 1
    return max(1, count * 30 // 7)


def stay(
    config: Path,
    one_pass: Callable[[Callable[[], bool]], None],
    should_stop: Callable[[], bool],
    say: Callable[[str], None],
    tell_unexpected: Callable[[Exception], object],
) -> int:
    """Run a pass now and then at every tick until asked to stop; a failed pass is told and tried again.

    A mistake in settings, mappings or export ends it at the start only (`InputError`).
    """
    world = World()
    settings = load_settings(config, world.environment)
    logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def tick() -> None:
        try:
            one_pass(should_stop)
        except ConnectorError as error:
            # A file that somebody is just writing is as it should be at the next tick, or the one after.
            say(str(error))
        except Exception as error:
            tell_unexpected(error)

    scheduler = BackgroundScheduler(timezone=settings.zone)
    # misfire_grace_time None: a tick that is late (machine asleep) runs late, once, and is not dropped.
    scheduler.add_job(
        tick, make_trigger(settings), max_instances=1, coalesce=True, misfire_grace_time=None, id="sync"
    )
    say(f"syncing {config} on its schedule; Ctrl-C or SIGTERM ends it")
    try:
        one_pass(should_stop)
    except InputError:
        # At the start somebody is there to read it.
        raise
    except ConnectorError as error:
        say(str(error))
    scheduler.start()
    try:
        while not should_stop():
            world.sleep(TICK_S)
    finally:
        scheduler.shutdown(wait=True)
    say("stopped")
    return 0
