"""The project to run jobs in, as tests/orchestration has it."""

from tests.orchestration.conftest import own_instance, project, some_instance

__all__ = ["own_instance", "project", "some_instance"]
