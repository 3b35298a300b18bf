"""Sensors: what is noticed between runs. A tick is cheap: it loads no model, and opens no store but for `webhooks`,
`graph_checkpoints` and `learning`."""

from orchestration.sensors.dataset_partitions import dataset_partitions
from orchestration.sensors.freshness import freshness
from orchestration.sensors.graph_checkpoints import graph_checkpoints
from orchestration.sensors.inbox import inbox
from orchestration.sensors.langchain_sessions import langchain_sessions
from orchestration.sensors.learning import learning
from orchestration.sensors.new_sessions import new_sessions
from orchestration.sensors.requested_runs import requested_runs
from orchestration.sensors.run_failure_alert import run_failures
from orchestration.sensors.session_exports import session_exports
from orchestration.sensors.webhooks import webhooks

SENSORS = [
    dataset_partitions,
    new_sessions,
    inbox,
    session_exports,
    langchain_sessions,
    freshness,
    *requested_runs,
    run_failures,
    webhooks,
    graph_checkpoints,
    learning,
]
