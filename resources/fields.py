"""Fields of the resources as settings of the library."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from sessiongraph.errors import InvalidInputError


def given_settings(resource: dg.ConfigurableResource, settings: Mapping[str, str]) -> dict[str, Any]:
    """The settings that are given in the fields of `resource`, of which `settings` are the settings' names by field.

    In a run Dagster has put in what an EnvVar stands for; where definitions are built, it is looked up here.
    """
    values = {setting: _value(getattr(resource, field)) for field, setting in settings.items()}
    return {setting: value for setting, value in values.items() if value is not None}


def check_secret(value: str | None, field: str, variable: str) -> None:
    """Raise InvalidInputError where a secret is written out, which the UI and the code location would show."""
    if value is not None and not isinstance(value, dg.EnvVar):
        raise InvalidInputError(
            f"{field} is a secret, and would be shown in the UI: give it as dg.EnvVar({variable!r}), or leave it out "
            "to have it read from the environment."
        )


def _value(field: Any) -> Any:
    # EnvVar is for texts; what EnvVar.int makes has no public class.
    return field.get_value() if hasattr(field, "get_value") else field
