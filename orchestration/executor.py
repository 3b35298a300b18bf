"""Where the steps of a run are done: in the run's own process or, with SESSIONGRAPH_CELERY_URL, by Celery's workers."""

import dagster as dg
from pydantic import SecretStr

from sessiongraph.errors import InvalidInputError


def build_executor(celery_url: SecretStr | None) -> dg.ExecutorDefinition:
    """The executor of every job. Raises InvalidInputError where dagster-celery is not installed.

    A dataset's assets share its store and its models: one process makes them at a quarter of the cost. So Celery's
    workers are for who has them anyway; what one scales by are runs.
    """
    if celery_url is None:
        return dg.in_process_executor
    try:
        from dagster_celery import celery_executor
    except ImportError as error:
        raise InvalidInputError(
            f"SESSIONGRAPH_CELERY_URL needs what is not installed here ({error}): install 'sessiongraph[celery]'."
        ) from error
    broker = celery_url.get_secret_value()
    configured: dg.ExecutorDefinition = celery_executor.configured({"broker": broker, "backend": broker})
    return configured
