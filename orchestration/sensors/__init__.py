"""The sensors: what is noticed between runs. A tick is cheap: it opens no store and loads no model."""

from orchestration.sensors.datasets import dataset_partitions
from orchestration.sensors.failures import run_failures
from orchestration.sensors.inbox import inbox
from orchestration.sensors.new_sessions import new_sessions

SENSORS = [dataset_partitions, new_sessions, inbox, run_failures]
