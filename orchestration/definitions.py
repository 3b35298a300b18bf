"""Definitions of the code location, put together in one place; each kind is defined in a module of its own."""

import dagster as dg

from assets import (
    cognify,
    conflicts,
    graph_checkpoint,
    ingestion,
    session_cache,
    session_cognify,
    session_extraction,
    session_lessons,
    speaker_profiles,
)
from orchestration.automation import build_automation_sensor, with_automation
from orchestration.checks import build_checks
from orchestration.estimate_job import estimate_persist
from orchestration.executor import build_executor
from orchestration.jobs import build_jobs
from orchestration.prune_history import prune_history
from orchestration.schedules import SCHEDULES
from orchestration.sensors import SENSORS
from resources.graph import GraphResource
from resources.llm import LLMResource
from resources.session_cache import SessionCacheResource
from sessiongraph.dagster.asset_keys import asset_key, code_version, key_prefix
from sessiongraph.services import Services

_MODULES = (
    ingestion,
    cognify,
    session_extraction,
    session_cognify,
    graph_checkpoint,
    session_lessons,
    conflicts,
    speaker_profiles,
)
# Their code version is the model's and the prompt's.
_EXTRACTED = ("knowledge_graph", "session_knowledge", "session_lessons")


def build_defs(
    cache: SessionCacheResource | None = None, llm: LLMResource | None = None, home: str | None = None
) -> dg.Definitions:
    """The project's definitions, made with these resources; what they leave out comes from the environment.

    Raises InvalidInputError where a setting is wrong, or a secret is written out instead of given as an EnvVar.
    """
    cache, llm = cache or SessionCacheResource(), llm or LLMResource()
    cache.check_secrets()
    llm.check_secrets()
    graph = GraphResource(home=home, session_cache=cache, llm=llm)
    settings = graph.settings()
    prefix = settings.asset_key_prefix
    return dg.Definitions(
        assets=with_automation(_assets(prefix, Services(settings)), prefix),
        asset_checks=build_checks(prefix),
        jobs=[*build_jobs(prefix), estimate_persist, prune_history],
        schedules=SCHEDULES,
        sensors=[*SENSORS, build_automation_sensor(prefix)],
        resources={"graph": graph, "session_cache": cache, "llm": llm},
        executor=build_executor(settings.celery_url),
    )


def _assets(prefix: str, services: Services) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """The assets of `assets/`, with the home's key prefix and the code versions that the model decides."""
    versions = {asset_key(name, prefix): code_version(name, services) for name in _EXTRACTED}

    def with_its_version(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(code_version=versions.get(spec.key, spec.code_version))

    loaded = dg.load_assets_from_modules(_MODULES, key_prefix=key_prefix(prefix) or None)
    made = [asset.map_asset_specs(with_its_version) for asset in loaded if isinstance(asset, dg.AssetsDefinition)]
    # Loading gives its key to what depends on it, not to an external asset itself.
    return [session_cache.session_cache.replace_attributes(key=asset_key("session_cache", prefix)), *made]


defs = build_defs()
