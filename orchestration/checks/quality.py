"""Quality checks: what is worth a look. Nothing here blocks, each has figures, thresholds stand at the top."""

from collections import Counter
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

import dagster as dg
import numpy as np

from orchestration.checks.check_factory import Check, CheckContext, CheckOutcome
from orchestration.checks.noise_entities import noise_reason
from sessiongraph.dagster.failure_check import failure_check
from sessiongraph.dagster.metadata import table, without_quotes
from sessiongraph.errors import CachingDisabledError, FilesUnavailableError
from sessiongraph.persistence.session_routing import Routes
from sessiongraph.types import WaitingSession

if TYPE_CHECKING:
    from sessiongraph.prompts.prompt_format import Window
    from sessiongraph.store.connection import StoreConnection

WARN = dg.AssetCheckSeverity.WARN

# Of fewer passages, shares say little.
_ENOUGH = 20
_MOST_BARREN = 0.8
_MOST_SKIPPED = 0.5
_MOST_FAILED = 0.05
_MOST_JUNK = 0.1
# US dollars a passage, and by how much more than before.
_DEAR, _DEARER = 0.02, 3.0
_RUNS_COMPARED = 20
# Rejected files looked at, and those named in the check's message.
_MOST_FILES, _MOST_NAMED = 100, 10
_COMMANDS = {"knowledge_graph": "sessiongraph cognify", "session_knowledge": "sessiongraph persist --all"}
# What expires within this is at risk, or within a quarter of its whole life where that is less.
_RISK = timedelta(hours=24)


def _failures(context: CheckContext) -> CheckOutcome:
    found = failure_check(context.services, context.dataset, context.asset)
    return CheckOutcome(found.passed, found.metadata, found.description, found.severity)


def _yield(context: CheckContext) -> CheckOutcome:
    snapshot = context.snapshot
    mine = (snapshot.passages["kind"] == context.kind).to_numpy()
    states_a_fact = np.zeros(len(mine), bool)
    states_a_fact[snapshot.claims["passage"]] = True
    states_a_fact[[it.passage for it in snapshot.retracted]] = True
    passages, barren = int(mine.sum()), int((mine & ~states_a_fact).sum())
    entities = snapshot.mentions["entity"][mine[snapshot.mentions["passage"]]].nunique()
    facts = snapshot.claims["fact"][mine[snapshot.claims["passage"]]].nunique()
    share = barren / passages if passages else 0.0
    figures = {
        "passages": passages,
        "without_fact": barren,
        "share_without_fact": round(share, 4),
        "entities_per_passage": round(entities / passages, 3) if passages else 0.0,
        "facts_per_passage": round(facts / passages, 3) if passages else 0.0,
    }
    passed = passages < _ENOUGH or share <= _MOST_BARREN
    return CheckOutcome(passed, figures, None if passed else f"{share:.0%} of what was extracted gave no fact.", WARN)


def _dispositions(context: CheckContext) -> CheckOutcome:
    counted = context.figures(
        f"""SELECT count(*) AS settled, count(*) FILTER (WHERE disposition = 'skipped') AS skipped,
            count(*) FILTER (WHERE disposition = 'failed') AS failed
        FROM current_ledger WHERE passage_id IN (SELECT passage_id FROM {context.passages})"""
    )
    settled = int(counted["settled"])
    shares = {name: int(counted[name]) / settled if settled else 0.0 for name in ("skipped", "failed")}
    passed = settled < _ENOUGH or (shares["skipped"] <= _MOST_SKIPPED and shares["failed"] <= _MOST_FAILED)
    message = f"{shares['skipped']:.0%} are skipped, {shares['failed']:.0%} failed."
    figures = {**counted, **{f"share_{name}": round(share, 4) for name, share in shares.items()}}
    return CheckOutcome(passed, figures, None if passed else message, WARN)


def _cost(context: CheckContext) -> CheckOutcome:
    spent = [cost for cost in _costs(context) if cost is not None]
    if not spent:
        return CheckOutcome(True, {"cost_per_passage": "unknown", "runs": 0}, severity=WARN)
    newest, usual = spent[0], median(spent[1:]) if spent[1:] else spent[0]
    passed = newest <= _DEAR and (usual == 0 or newest <= _DEARER * usual)
    figures = {"cost_per_passage": newest, "usual_cost_per_passage": usual, "runs": len(spent)}
    message = f"${newest:.4f} a passage, where ${usual:.4f} is usual and ${_DEAR:.2f} is much."
    return CheckOutcome(passed, figures, None if passed else message, WARN)


def _costs(context: CheckContext) -> list[float | None]:
    """US dollars a passage of the last runs that settled any, the newest first; None where the price is unknown."""
    found = context.instance.fetch_materializations(
        dg.AssetRecordsFilter(asset_key=context.key, asset_partitions=[context.dataset.key]), limit=_RUNS_COMPARED
    )
    costs: list[float | None] = []
    for record in found.records:
        said = record.asset_materialization.metadata if record.asset_materialization else {}
        cost, done = (getattr(said.get(name), "value", None) for name in ("cost_usd", "windows_extracted"))
        if isinstance(done, int) and done:
            costs.append(float(cost) / done if isinstance(cost, int | float) else None)
    return costs


def _junk(context: CheckContext) -> CheckOutcome:
    entities = context.snapshot.entities
    reasons = Counter(map(noise_reason, entities["name"], entities["type"]))
    sound = reasons.pop(None, 0)
    share = 1 - sound / len(entities) if len(entities) else 0.0
    passed = len(entities) < _ENOUGH or share <= _MOST_JUNK
    figures = {"entities": len(entities), "junk": len(entities) - sound, "share": round(share, 4)}
    message = f"{share:.0%} of the entities look like none."
    by_reason = {f"junk_{reason}": count for reason, count in reasons.most_common()}
    return CheckOutcome(passed, figures | by_reason, None if passed else message, WARN)


def _at_risk(context: CheckContext) -> CheckOutcome:
    try:
        now = context.services.cache.now()
        expiring = _expiring(context, now)
    except CachingDisabledError:
        return CheckOutcome(True, {"turns_at_risk": 0}, severity=WARN)
    turns = sum(count for count, _ in expiring)
    figures: dict[str, int | float] = {"turns_at_risk": turns, "sessions_expiring_soon": len(expiring)}
    if not expiring:
        return CheckOutcome(True, figures, severity=WARN)
    hours = (min(expires for _, expires in expiring) - now).total_seconds() / 3600
    message = f"{turns} turns that only the cache has are about to expire, the first in {hours:.1f} hours."
    return CheckOutcome(False, figures | {"hours_left": round(hours, 2)}, message, WARN)


def _expiring(context: CheckContext, now: datetime) -> list[tuple[int, datetime]]:
    """How many turns wait for the dataset in each of the sessions that expire soon, and when these do."""
    cache, routes = context.services.cache, Routes(context.services.access)
    found: list[tuple[int, datetime]] = []
    place: int | None = 0
    while place is not None:
        sessions, place = cache.waiting(place)
        for session in sessions:
            # They come in the order in which they expire.
            if session.expires_at is None or session.expires_at - now > _RISK:
                return found
            turns = sum(
                part.turns
                for part in session.waiting
                if routes.dataset_key(session.user_id, part.dataset_id) == context.dataset.key
            )
            if turns and session.expires_at - now < _soon(session):
                found.append((turns, session.expires_at))
    return found


def _soon(session: WaitingSession) -> timedelta:
    """What of its life is left to a session that is at risk."""
    return min(_RISK, ((session.expires_at or session.last_activity) - session.last_activity) / 4)


def _rejected(context: CheckContext) -> CheckOutcome:
    from sessiongraph.ingestion.inbox import rejected_files

    inbox = context.services.inbox(context.dataset)
    try:
        files = rejected_files(inbox, _MOST_FILES)
    except FilesUnavailableError as error:
        return CheckOutcome(False, {}, str(error))
    named = "; ".join(f"{name}: {reason}" for name, reason in list(files.items())[:_MOST_NAMED])
    figures = {"rejected": len(files), "files": table({"file": "string", "reason": "string"}, files.items())}
    return CheckOutcome(
        not files, figures, f"{len(files)} file(s) in {inbox.location} are not taken: {named}" if files else None
    )


def _rejected_exports(context: CheckContext) -> CheckOutcome:
    from sessiongraph.importers.inbox import rejected_exports

    inbox = context.services.inbox(context.dataset)
    try:
        found = {name: without_quotes(reason) for name, reason in rejected_exports(inbox, _MOST_FILES).items()}
    except FilesUnavailableError as error:
        return CheckOutcome(False, {}, str(error))
    named = "; ".join(f"{name}: {reason}" for name, reason in list(found.items())[:_MOST_NAMED])
    figures = {"rejected": len(found), "exports": table({"export": "string", "reason": "string"}, found.items())}
    message = f"{len(found)} export(s) in {inbox.location} are not taken, or not whole: {named}"
    return CheckOutcome(not found, figures, message if found else None)


def _stale(context: CheckContext) -> CheckOutcome:
    from sessiongraph.extraction.estimate import CallEstimate, call_basis, price

    stale = context.read(lambda con: _stale_windows(con, context))
    if not stale:
        return CheckOutcome(True, {"stale": 0}, severity=WARN)
    estimate = CallEstimate(context.services.llm.model)
    price(estimate, context.services.llm, list(dict.fromkeys(stale)), context.read(call_basis))
    figures = {
        "stale": len(stale),
        "llm_calls": estimate.calls,
        "prompt_tokens": estimate.prompt_tokens,
        "completion_tokens": estimate.completion_tokens,
        "cost_usd": "unknown" if estimate.cost is None else estimate.cost,
    }
    message = (
        f"{len(stale)} {context.passages} were extracted by another model, schema or version, and stay as they are. To "
        f"extract them anew is {estimate}: materialize this partition with the config "
        f"{{ops: {{{context.asset}: {{config: {{reextract: true}}}}}}}}, or {_COMMANDS[context.asset]} "
        f"-d {context.dataset.key} --reextract (--dry-run tells the price)."
    )
    return CheckOutcome(False, figures, message, WARN)


def _stale_windows(connection: "StoreConnection", context: CheckContext) -> "list[Window]":
    from sessiongraph.extraction.dataset_schema import read_schema
    from sessiongraph.extraction.ledger import passage_status, read_ledger
    from sessiongraph.extraction.window_extraction import extractor_version

    extractor = extractor_version(context.services.llm, read_schema(connection))
    documents = context.all_documents(connection).look(connection, read_stale=True)
    passages = context.passages_in(connection, documents)
    ledger = read_ledger(connection, [passage.id for passage in passages])
    return [it.window for it in passages if passage_status(it, ledger.get(it.id), extractor) == "stale"]


def _unembedded(context: CheckContext) -> CheckOutcome:
    from sessiongraph.extraction.embedding import missing_texts

    identity = context.services.embedder.identity

    def count(connection: "StoreConnection") -> int:
        documents = context.all_documents(connection).look_for_unembedded(connection)
        return len(missing_texts(connection, context.passages_in(connection, documents), identity))

    missing = context.read(count)
    message = f"{missing} text(s) have no vector of {identity}, and are found by their words alone."
    return CheckOutcome(not missing, {"without_vector": missing}, message if missing else None, WARN)


def quality_checks(passages: str) -> list[Check]:
    """The warnings on a graph's asset, whose passages are called `passages`."""
    return [
        Check(
            f"no_failed_{passages}",
            f"None of the dataset's {passages} failed: all that was to be extracted is in the graph.",
            "The reasons, and the documents or sessions, are counted here. The next run tries them again; those that "
            "are quarantined, because they failed too often by their own fault, only with run config "
            "`retry_failed: true`.",
            _failures,
            loud=True,
        ),
        Check(
            "nothing_is_stale",
            f"All {passages} in the graph were extracted by the model and the version that are set now.",
            "Nothing is wrong, and nothing is done by itself: what is there stays until somebody asks. The check tells "
            "what it would cost, and how to ask.",
            _stale,
        ),
        Check(
            "every_text_has_a_vector",
            "Everything in the graph is found by its meaning, and not by its words alone.",
            "The next run tries again what the embedder did not answer; look at its endpoint and key. What it refuses "
            "stays without.",
            _unembedded,
        ),
        Check(
            "extraction_yield",
            f"Of the {passages} in the graph at most {_MOST_BARREN:.0%} gave no fact.",
            "A model that is too small, a prompt that it does not follow, or small talk. Read a few on the run's "
            "page of changes; choose another LLM_MODEL, and materialize: all are extracted anew.",
            _yield,
        ),
        Check(
            "skipped_and_failed",
            f"At most {_MOST_SKIPPED:.0%} of the {passages} are skipped and at most {_MOST_FAILED:.0%} failed.",
            "The materialization's table `reasons` counts why. Many refusals point to the answering model, many "
            "failures to the extracting one, or to its endpoint.",
            _dispositions,
        ),
        Check(
            f"cost_per_{passages.removesuffix('s')}",
            f"The last run's model calls cost at most ${_DEAR:.2f} for each of the {passages} that it extracted, and "
            f"at most {_DEARER:.0f} times what is usual. A price that nobody knows is called unknown, and passes.",
            "Look at `llm_calls` and tokens over time: answers that do not validate are asked for again. A cheaper "
            "LLM_MODEL extracts the next ones, and these anew.",
            _cost,
        ),
    ]


JUNK_RATE = Check(
    "junk_rate",
    f"At most {_MOST_JUNK:.0%} of the entities look like none: a pronoun, a stopword, a number, a sentence, "
    "punctuation. Counted by rule of thumb.",
    "Choose a better LLM_MODEL and materialize with `reextract`: what was junk is no more.",
    _junk,
)

AT_RISK = Check(
    "turns_at_risk",
    "No turn that only the cache has expires soon: within a day, or within the last quarter of a shorter life.",
    "Materialize `session_turns` of this dataset now: from then on they are safe. See that the daemon runs, and the "
    "sensor; raise SESSION_TTL_SECONDS where runs are further apart than sessions live.",
    _at_risk,
)

FILES_ARE_TAKEN = Check(
    "inbox_files_are_taken",
    "No file of the dataset's inbox was rejected as unreadable, unsupported, encrypted, too large or wrongly encoded.",
    "Each file is named with its reason, and lies in `rejected/` in the inbox. Mend it and put it back into the inbox, "
    "or delete it: the check passes when `rejected/` is empty.",
    _rejected,
    loud=True,
)

EXPORTS_ARE_TAKEN = Check(
    "session_exports_are_taken",
    "Every export of conversations that was put into `sessions/` in the dataset's inbox was read, and read whole.",
    "Each is named with its reason, and lies in `sessions/rejected/` in the inbox, with a note `….why.txt` beside it "
    "that names the places. What could be read of it was taken. Mend it and put it back into `sessions/`, or delete it "
    "and its note: the check passes when `rejected/` is empty.",
    _rejected_exports,
    loud=True,
)
