"""Bodies of requests and responses where the library has no type of its own; names and meanings are those of the API.

A field that is not known is refused, and so is "yes" where true is meant.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from sessiongraph.access.webhooks import Webhook
from sessiongraph.dagster.requested_runs import RunState
from sessiongraph.extraction.build_graph import KnowledgeReport
from sessiongraph.graph_schema import GraphSchema
from sessiongraph.importers.import_sessions import ImportedSession, ImportReport
from sessiongraph.persistence.persist import PersistReport, SessionOutcome
from sessiongraph.persistence.session_lessons import LessonsReport
from sessiongraph.retrieval.results import SearchType
from sessiongraph.retrieval.search_filter import SearchFilter
from sessiongraph.types import MAIN_DATASET, Permission, SessionItem, Usage

DATASET = Field(description="By name, by owner/name, or by id.", examples=["session_demo"])
WAIT = Field(True, description="False: answer at once with ids, and have Dagster's queue run it: GET /v1/runs/{id}.")
METADATA = Field(None, description="A JSON object to search by.", examples=[{"project": "atlas", "year": 2024}])
Names = Annotated[list[str], Field(max_length=1000)]


class Body(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid")


class AddBody(Body):
    """Texts, whatever they look like: nothing is opened or fetched by name."""

    data: Annotated[list[str], Field(min_length=1, max_length=1000)] = Field(
        examples=[["Alice moved to Paris in 2010. She works as a software engineer."]]
    )
    dataset_name: str = Field(MAIN_DATASET, examples=["session_demo"])
    node_set: Names | None = None
    said_at: date | None = Field(None, description='The day that they are of, by which "yesterday" in them is read.')
    metadata: dict[str, Any] | None = METADATA


class CognifyBody(Body):
    """`datasets` left out means all that the caller may write."""

    datasets: Names | str | None = Field(None, examples=[["session_demo"]])
    retry_failed: StrictBool = False
    reextract: StrictBool = False
    wait: StrictBool = WAIT


class SearchBody(Body):
    """`datasets` left out means all that the caller may read."""

    query_text: str = Field(examples=["Where does Alice live?"])
    query_type: SearchType = SearchType.GRAPH_COMPLETION
    datasets: Names | str | None = Field(None, examples=[["session_demo"]])
    session_id: str | None = Field(None, examples=["demo_session"])
    top_k: StrictInt = 10
    node_sets: Names | None = None
    where: SearchFilter | None = None
    only_context: StrictBool = False
    max_tokens: StrictInt | None = Field(None, description="How long the context may be, with `only_context`.")


class PersistBody(Body):
    """The turns of the sessions are taken into `dataset`, which they may be the beginning of."""

    session_ids: Names = Field(examples=[["demo_session"]])
    dataset: str = Field(MAIN_DATASET, examples=["session_demo"])
    whole: StrictBool = Field(True, description="False: only the turns that belong to the dataset.")
    retry_failed: StrictBool = False
    reextract: StrictBool = False
    wait: StrictBool = WAIT


class ForgetTarget(Body):
    """The dataset alone means all of it. `user` says by name whose sessions are meant; who acts is the caller."""

    dataset: str = DATASET
    session_id: str | None = Field(None, examples=["demo_session"])
    turn_id: str | None = None
    document_id: str | None = None
    user: str | None = None


class ForgetBody(ForgetTarget):
    from_cache: StrictBool = True


class TurnBody(Body):
    question: str = Field(examples=["Where does Alice live?"])
    answer: str = Field(examples=["In Paris."])
    created_at: datetime | None = Field(None, description="When it was said, with its zone; now, where not given.")
    dataset: str | None = Field(None, description="Where the turn belongs.", examples=["session_demo"])
    context: str | None = None
    elements: Names = []
    metadata: dict[str, Any] | None = METADATA


class ItemsBody(Body):
    """Each item's `data` is given back letter for letter; the rest says what it adds to its turn."""

    items: Annotated[list[SessionItem], Field(max_length=10_000)] = Field(
        examples=[[{"data": '{"role": "user", "content": "I moved to Lyon."}', "question": "I moved to Lyon."}]]
    )
    dataset: str | None = Field(None, description="Where new turns belong.", examples=["session_demo"])


class EditBody(Body):
    question: str | None = None
    answer: str | None = Field(None, examples=["She lives in Paris."])


class FeedbackBody(Body):
    score: StrictInt = Field(description="From 1 (bad) to 5 (good).", examples=[5])
    text: str | None = None


class DatasetBody(Body):
    name: str = Field(examples=["session_demo"])


class DatasetChanges(Body):
    """`allow_secrets`: whether keys, passwords and the like may stand in the dataset."""

    dataset: str = DATASET
    allow_secrets: StrictBool


class GraphSchemaBody(Body):
    """The dataset's schema; another takes its place."""

    dataset: str = DATASET
    graph_schema: GraphSchema


class GrantBody(Body):
    """To a `user` or to a `role`, by name."""

    dataset: str = DATASET
    user: str | None = Field(None, examples=["ana@example.com"])
    role: str | None = None
    permission: Permission


class EntityPairBody(Body):
    dataset: str = DATASET
    a: str = Field(examples=["Alice"])
    b: str = Field(examples=["Alice Smith"])
    reason: str = ""


class EntityBody(Body):
    dataset: str = DATASET
    entity: str = Field(examples=["Alice"])


class CorrectEntityBody(EntityBody):
    """What the entity is (`type`), or is called (`name`)."""

    type: str | None = Field(None, examples=["Person"])
    name: str | None = Field(None, examples=["Alice Smith"])


class FactBody(Body):
    dataset: str = DATASET
    fact: str = Field(description="Its id, or the first digits of it.", examples=["631d655"])


class CorrectFactBody(FactBody):
    """What is right; dates are YYYY, YYYY-MM or YYYY-MM-DD."""

    object: str | None = Field(None, examples=["Lyon"])
    relation: str | None = Field(None, examples=["lives in"])
    valid_at: str | None = Field(None, examples=["2019"])
    valid_until: str | None = None


class LearnBody(Body):
    """`retry_failed` takes sessions that failed too often, `relearn` those from before or read by another model."""

    dataset: str = DATASET
    retry_failed: StrictBool = False
    relearn: StrictBool = False


class RoleBody(Body):
    name: str = Field(examples=["analysts"])


class WebhookBody(Body):
    """`events` left out means all."""

    url: str = Field(examples=["https://hooks.example.com/sessiongraph"])
    dataset: str = Field(MAIN_DATASET, description="By name, by owner/name, or by id.", examples=["session_demo"])
    events: Names | None = Field(None, examples=[["passages.persisted"]])


class WebhookCreated(BaseModel):
    """The secret signs what is sent, and is shown this once."""

    webhook: Webhook
    secret: str


class ItemsWritten(BaseModel):
    added: int


class ItemPopped(BaseModel):
    """Its data, null where there was none."""

    data: str | None


class TurnWritten(BaseModel):
    turn_id: str


class Deleted(BaseModel):
    """Whether there was one, or how many."""

    deleted: bool | int


class Changed(BaseModel):
    """False where it was so already."""

    changed: bool


class GrantGiven(BaseModel):
    """To a user or a role, by name."""

    kind: Literal["user", "role"]
    name: str
    permission: Permission


class RunsRequested(BaseModel):
    """Runs that were put down for Dagster's queue, one for each dataset."""

    runs: list[RunState]


class GraphDocument(BaseModel):
    """As networkx reads it: `nodes` are entities by `id`; `links` are facts with `source`, `target` and `key`."""

    directed: bool
    multigraph: bool
    graph: dict[str, Any]
    nodes: list[dict[str, Any]]
    links: list[dict[str, Any]]


class Cognified(BaseModel):
    """What cognifying a dataset did; `persisted`, `skipped` and `failed` count its passages as they stand now."""

    run_id: str
    persisted: int
    skipped: int
    failed: int
    quarantined: int
    settled: int
    extracted: int
    mentions: int
    claims: int
    dropped: dict[str, int]
    unembedded: int
    stale: int
    usage: Usage
    seconds: float

    @classmethod
    def of(cls, report: KnowledgeReport) -> "Cognified":
        counts: dict[str, Any] = {name: report.count(name) for name in ("persisted", "skipped", "failed")}
        return cls(**counts, quarantined=len(report.quarantined), **_same_fields(cls, report, without=counts))


class Persisted(BaseModel):
    """As `PersistReport` of the Python API."""

    run_id: str
    persisted: int
    skipped: int
    failed: int
    quarantined: int
    staged: int
    settled: int
    extracted: int
    stale: int
    dropped: dict[str, int]
    sessions: dict[str, SessionOutcome]
    missing: list[str]
    unread: dict[str, str]
    usage: Usage
    seconds: float
    warnings: list[str]

    @classmethod
    def of(cls, report: PersistReport) -> "Persisted":
        return cls(quarantined=len(report.quarantined), **_same_fields(cls, report))


class Learned(BaseModel):
    """As `LessonsReport` of the Python API."""

    run_id: str
    read: int
    unchanged: int
    lessons: dict[str, int]
    dropped: int
    failed: dict[str, str]
    quarantined: int
    stale: int
    usage: Usage
    seconds: float

    @classmethod
    def of(cls, report: LessonsReport) -> "Learned":
        return cls(quarantined=report.quarantined, **_same_fields(cls, report))


class Imported(BaseModel):
    """As `ImportReport` of the Python API."""

    format: str
    dry_run: bool
    dataset: str | None
    turns: int
    new: int
    changed: int
    unchanged: int
    withdrawn: int
    elsewhere: int
    sessions: list[ImportedSession]
    secrets: dict[str, int]
    left_out: dict[str, int]
    unread: list[str]
    unread_count: int
    expires_at: datetime | None

    @classmethod
    def of(cls, report: ImportReport) -> "Imported":
        return cls(**_same_fields(cls, report))


def _same_fields(model: type[BaseModel], report: Any, without: Any = ()) -> dict[str, Any]:
    wanted = model.model_fields.keys() - {"quarantined", *without}
    return {name: getattr(report, name) for name in wanted}
