"""The resource `graph`: the datasets of a home, and the one client that everything is done with.

A run has a client of its own, which is closed when the run ends. Ticks of sensors and schedules come every few seconds
and share one of the process, so that connections stay open from tick to tick.
"""

import dagster as dg
from pydantic import PrivateAttr

from resources.fields import given_settings
from resources.llm import LLMResource
from resources.session_cache import SessionCacheResource
from sessiongraph.client import SessionGraph
from sessiongraph.default_client import client_of
from sessiongraph.services import Services
from sessiongraph.settings import Settings


class GraphResource(dg.ConfigurableResource):
    """Datasets, their stores and who owns them, in `home`, with the session cache and the models that it nests."""

    home: str | None = None
    session_cache: dg.ResourceDependency[SessionCacheResource]
    llm: dg.ResourceDependency[LLMResource]

    _client: SessionGraph | None = PrivateAttr(default=None)

    def settings(self) -> Settings:
        """The environment's settings but for what is given here. Raises InvalidInputError where one is wrong."""
        nested = (it.settings() for it in (self.session_cache, self.llm) if it is not None)
        given = given_settings(self, {"home": "home"})
        for settings in nested:
            given |= settings
        return Settings(**given)

    @property
    def client(self) -> SessionGraph:
        """The client of this run, or outside of one that of the process."""
        return self._client or client_of(self.settings())

    @property
    def services(self) -> Services:
        """What the client works with."""
        return self.client.services

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        settings = self.settings()
        self._client = SessionGraph(settings) if _is_run(context) else client_of(settings)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        client, self._client = self._client, None
        if client is not None and _is_run(context):
            client.services.close()


def _is_run(context: dg.InitResourceContext) -> bool:
    return context.run is not None
