"""The project to run jobs in, as tests/orchestration has it."""

from tests.orchestration.conftest import project, some_instance

__all__ = ["project", "some_instance"]
