"""The pictures of the Dagster UI and of the explorer in docs/images, made again from nothing.

    python docs/screenshots.py [--keep FOLDER]

Builds a home with a few days' worth of work in a few minutes, on generated texts and with the embedded models; starts
`sessiongraph dev` on it, says more, and waits until the sensor has persisted it; then shoots what people look at, in a
headless chromium (`apt-get install chromium chromium-driver`). `--keep` leaves the home in FOLDER.
"""

import argparse
import asyncio
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # a checkout needs no installation

from benchmarks import workload
from sessiongraph.dagster.asset_keys import GRAPH_PAGE
from tests.support.browser import Browser, chromium, dagster_ui, missing, until

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
# Short: Dagster writes it into a narrow column.
OWNER, NAME = "ada", "notes"
KEY = f"{OWNER}/{NAME}"
SESSION = "monday"
WIDTH = 1500
# Documents and turns of each run of the past: as uneven as they come.
PAST = ((6, 6), (3, 4), (1, 9), (8, 5), (4, 3), (2, 8), (7, 6), (5, 4))
# So that what is said while the UI runs is due soon.
IDLE_SECONDS = 10


def build_past(home: Path) -> None:
    """A home with a run for each of PAST, made in this process."""
    from orchestration.definitions import defs
    from sessiongraph.default_client import default_services

    logging.disable(logging.INFO)
    asyncio.run(_owner_and_dataset())

    def run(job: str) -> None:
        defs.resolve_job_def(job).execute_in_process(partition_key=KEY, instance=default_services().dagster_instance)

    texts = iter(workload.documents(sum(count for count, _ in PAST)))
    inbox = home / "inbox" / KEY
    for number, (documents, turns) in enumerate(PAST):
        inbox.mkdir(parents=True, exist_ok=True)
        for place in range(documents):
            (inbox / f"report-{number}-{place}.txt").write_text(next(texts), encoding="utf-8")
        say(f"session-{number}", turns, number)
        run("build_memory")
        print(f"{number + 1} of {len(PAST)} runs", flush=True)
    run("checkpoint")


async def _owner_and_dataset() -> None:
    from sessiongraph import datasets, users

    await datasets.create(NAME, user=await users.create(OWNER))


def say(session_id: str, turns: int, number: int) -> None:
    """What a program does that keeps its own chat loop."""
    from sessiongraph import sessions, users

    async def turn_by_turn() -> None:
        owner = await users.get(OWNER)
        for question, answer in workload.session(number, turns):
            await sessions.add_turn(session_id, question, answer, user=owner, dataset=NAME)

    asyncio.run(turn_by_turn())


def persisted_by_the_sensor(home: Path) -> str:
    """The id of the newest run that the sensor launched, once it has ended well."""
    import dagster as dg

    from sessiongraph.default_client import default_services

    done = dg.RunsFilter(
        job_name="persist_sessions", tags={"sessiongraph/trigger": "sensor"}, statuses=[dg.DagsterRunStatus.SUCCESS]
    )

    def newest() -> str | None:
        records = default_services().dagster_instance.get_run_records(done, limit=1)
        return records[0].dagster_run.run_id if records else None

    return until(newest, "a run of the sensor has ended well", 300)


def shoot_dagster(browser: Browser, url: str, run_id: str) -> None:
    asset = f"{url}/assets/session_knowledge"
    browser.size(WIDTH, 740)
    browser.open(f"{url}/asset-groups")
    browser.click("//*[normalize-space()='Hide navigation']")
    _shoot(browser, "assets", url + GRAPH_PAGE, 1040, "speaker_profiles")

    _shoot(browser, "asset", asset, 1728, "Metadata", "Plots", "Events")
    _shoot(browser, "checks", f"{asset}?view=checks&checkDetail=extraction_yield", 1068, "share_without_fact")
    _shoot(browser, "run", f"{url}/runs/{run_id}?logs=finished", 960, "RUN_SUCCESS")
    _shoot(browser, "sensor", f"{url}/locations/orchestration/sensors/new_sessions", 978, "Evaluations")


@contextmanager
def explorer(home: Path) -> Iterator[str]:
    """The address at which `sessiongraph view` signs OWNER in, as long as this is open."""
    command = [sys.executable, "-m", "sessiongraph.cli", "view", "--no-browser", "--user", OWNER]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, cwd=home.parent, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)


def shoot_explorer(browser: Browser, address: str, run_id: str) -> None:
    browser.open(address)
    browser.sees("What is remembered")
    url, query = address.split("/sign-in")[0], urlencode({"dataset": KEY})
    _shoot(browser, "ask", f"{url}/ask?{urlencode({'session': SESSION})}", 900, "Its turns")
    _shoot(browser, "graph", f"{url}/graph?{query}", 900, "what holds now")
    _shoot(browser, "documents", f"{url}/documents?{query}", 1100, "Drop files here")
    _shoot(browser, "dataset", f"{url}/dataset?{query}", 1000, "How it grew")
    changes = f"{url}/changes/session_knowledge/{run_id}?{query}"
    browser.open(changes)
    end = "return document.querySelectorAll('article')[2].getBoundingClientRect().bottom"
    _shoot(browser, "changes", changes, int(browser.driver.execute_script(end)) + 6, "New facts")


def _shoot(browser: Browser, name: str, address: str, height: int, shows: str, *buttons: str) -> None:
    """`address` once it `shows` that and `buttons` are pressed, as WIDTH by `height` pixels."""
    browser.size(WIDTH, height)
    browser.open(address)
    browser.sees(shows)
    for button in buttons:
        browser.click(f"//button[normalize-space()='{button}']")
    time.sleep(4)  # what is drawn, and what slides open
    browser.save(IMAGES / f"{name}.png")
    print(f"{name}.png: {(IMAGES / f'{name}.png').stat().st_size // 1024} KB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    if (reason := missing()) is not None:
        sys.exit(f"There is {reason}")
    with tempfile.TemporaryDirectory() as folder:
        home = (arguments.keep or Path(folder) / "home").absolute()
        home.parent.mkdir(parents=True, exist_ok=True)
        os.chdir(folder)  # away from anybody's .env
        os.environ |= {"SESSIONGRAPH_HOME": str(home), "PERSIST_IDLE_SECONDS": str(IDLE_SECONDS)}
        build_past(home)
        with dagster_ui(home) as url:
            say(SESSION, 6, len(PAST))
            run_id = persisted_by_the_sensor(home)
            with chromium(Path(folder) / "profile", WIDTH) as browser, explorer(home) as address:
                shoot_dagster(browser, url, run_id)
                shoot_explorer(browser, address, run_id)


if __name__ == "__main__":
    main()
