"""Whether a Dagster daemon works for a home: whether it evaluated a sensor of the project lately.

A daemon that is alive but does not have the project, or has its sensor turned off, persists nothing; so the sensor's
ticks are asked for, not the daemon's heartbeats.
"""

import time

import dagster as dg

# The sensor of the project that persists what is due, and the one that launches what the service was asked for.
PERSISTING_SENSOR = "new_sessions"
# Several of the sensors' intervals: for a tick that takes long, and for a daemon that is restarted.
SILENCE_SECONDS = 75.0


def ticks(instance: dg.DagsterInstance, sensor: str = PERSISTING_SENSOR) -> bool:
    """Whether a daemon evaluated `sensor` within SILENCE_SECONDS. Blocks."""
    since = time.time() - SILENCE_SECONDS
    return any(
        _last_tick(state.instigator_data) > since for state in instance.all_instigator_state() if state.name == sensor
    )


def _last_tick(data: object) -> float:
    """When the sensor was last evaluated, or began to be: a tick may take long."""
    return max(getattr(data, name, None) or 0.0 for name in ("last_tick_timestamp", "last_tick_start_timestamp"))
