"""An asset of somebody else's, beside packages of their own named `assets` and `resources`, persists a session."""

import json
import os
import subprocess
import sys
from pathlib import Path

# Another project's code location: its packages have the names of ours, and nothing of ours but the library.
LOCATION = {
    "assets/__init__.py": "",
    "resources/__init__.py": "",
    "resources/clock.py": "NAME = 'theirs'\n",
    "assets/chats.py": """
import dagster as dg
from resources.clock import NAME
from sessiongraph.dagster import datasets_partitions, persist_dataset_sessions

@dg.asset(tags={"of": NAME})
def chat_memory(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return persist_dataset_sessions(context, dataset_key="default_user/main_dataset")

@dg.asset(partitions_def=datasets_partitions)
def every_memory(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return persist_dataset_sessions(context)
""",
    "main.py": """
import asyncio, json, sys
import dagster as dg
import sessiongraph
from assets.chats import chat_memory, every_memory

async def say(session):
    await sessiongraph.sessions.add_turn(session, "Where does Alice live?", "Alice Smith lives in Paris.")

def run(asset, session, **given):
    asyncio.run(say(session))
    ran = dg.materialize([asset], instance=instance, **given)
    (made,) = ran.asset_materializations_for_node(asset.op.name)
    return {name: value.value for name, value in made.metadata.items() if name in FIGURES}

FIGURES = ("turns_staged", "persisted", "persisted_by_run", "entities_added")
key = "default_user/main_dataset"
with dg.DagsterInstance.ephemeral() as instance:
    done = {"own": run(chat_memory, "s1"), "partitioned": run(every_memory, "s2", partition_key=key)}
    done["nothing due"] = {name: value.value for name, value in dg.materialize([chat_memory], instance=instance)
        .asset_materializations_for_node("chat_memory")[0].metadata.items() if name in FIGURES}
    records = lambda name: instance.fetch_materializations(dg.AssetKey(name), limit=9).records
    done["history"] = {name: len(records(name)) for name in ("session_turns", "session_knowledge")}
    done["partitions"] = instance.get_dynamic_partitions("datasets")
graph = asyncio.run(sessiongraph.graph())
done["names"] = sorted(node["name"] for _, node in graph.nodes(data=True))
done["ours"] = [name for name in sys.modules if name.split(".")[0] == "orchestration" or name == "resources.graph"]
print(json.dumps(done))
""",
}


def test_an_asset_of_somebody_elses_persists_sessions(project_root: Path, tmp_path: Path) -> None:
    for name, text in LOCATION.items():
        path = tmp_path / "theirs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    # The folder of the location stands first on the path, as Dagster's working directory does.
    paths = os.pathsep.join([str(tmp_path / "theirs"), str(project_root)])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": paths, "SESSIONGRAPH_HOME": str(tmp_path / "home")}
    ran = subprocess.run(
        [sys.executable, "main.py"],
        cwd=tmp_path / "theirs", env=environment, capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    done = json.loads(ran.stdout.splitlines()[-1])

    assert done["own"]["turns_staged"] == done["own"]["persisted_by_run"] == 1
    assert done["partitioned"]["turns_staged"] == 1 and done["partitioned"]["persisted"] == 2
    assert done["nothing due"]["turns_staged"] == done["nothing due"]["persisted_by_run"] == 0
    assert {"Alice Smith", "Paris"} <= set(done["names"])
    # Every change is in the history of the project's own assets too, whoever made it.
    assert done["history"] == {"session_turns": 2, "session_knowledge": 2}
    assert done["partitions"] == ["default_user/main_dataset"] and done["ours"] == []
