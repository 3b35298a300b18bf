"""`documents …`: what is in a dataset, one by one, and how much of it is in the graph."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

import sessiongraph
from sessiongraph.cli.ids import meant
from sessiongraph.cli.options import AsJson, DatasetName, UserName, acting, examples
from sessiongraph.cli.output import moment, next_step, run, say, short, show_json, show_list, show_record
from sessiongraph.metadata import to_text
from sessiongraph.types import MAIN_DATASET, User

if TYPE_CHECKING:
    from sessiongraph.api.documents import Document

app = typer.Typer(no_args_is_help=True, help="Documents: what was added to a dataset, and what became of it.")


@app.command("list", epilog=examples("sessiongraph documents list -d work"))
def list_(dataset: DatasetName = MAIN_DATASET, user: UserName = None, as_json: AsJson = False) -> None:
    """The documents of a dataset, in the order in which they were added."""

    async def work() -> "list[Document]":
        return await sessiongraph.documents.list(dataset, user=await acting(user))

    found = [document for document in run("Looking up documents…", work()) if document.kind == "document"]
    show_list(
        found,
        as_json,
        title=f"Documents of {dataset}",
        columns=["id", "name", "of the day", "characters", "passages", "in the graph"],
        row=lambda document: (
            document.id,
            document.name,
            document.said_on,
            f"{document.characters:,}",
            document.passages or "not cut yet",
            _in_graph(document),
        ),
        empty=f"There is no document in {dataset}. Put one in: sessiongraph add FILE --dataset {dataset}",
        whole="id",
        json=_as_json,
    )
    if not as_json and any(document.passages == 0 for document in found):
        next_step(f"sessiongraph cognify --dataset {dataset}")


@app.command(epilog=examples("sessiongraph documents show 8f85b077 -d work"))
def show(
    document_id: Annotated[str, typer.Argument(metavar="ID", help="The document's id, or how it begins; or its name.")],
    dataset: DatasetName = MAIN_DATASET,
    user: UserName = None,
    as_json: AsJson = False,
) -> None:
    """A document whole: what is known of it, its text, and which of its passages are not in the graph, and why."""
    document = run("Looking it up…", _document(dataset, document_id, user))
    if as_json:
        return show_json(_as_json(document))
    show_record(
        {
            "document": document.name,
            "id": document.id,
            "source": document.source or "",
            "added": f"{moment(document.added_at)} UTC by {document.user_name}",
            "of the day": document.said_on or "not known",
            "node sets": ", ".join(document.node_sets),
            "metadata": to_text(document.metadata) or "",
            "passages": f"{document.passages}, {_in_graph(document)} in the graph",
        }
    )
    for passage in document.passages_read:
        if passage.disposition not in (None, "persisted"):
            show_record({short(passage.id): f"{passage.disposition}: {passage.reason or ''}"})
    say("")
    say(document.text if document.text is not None else "\n\n".join(it.text for it in document.passages_read))


async def _document(dataset: str, given: str, user: str | None) -> "Document":
    owner: User | None = await acting(user)
    known = await sessiongraph.documents.list(dataset, user=owner)
    named = [document.id for document in known if document.name == given]
    id_ = named[0] if len(named) == 1 else meant(given, [document.id for document in known], "documents")
    return await sessiongraph.documents.get(dataset, id_, user=owner)


def _in_graph(document: "Document") -> str:
    text = f"{document.persisted} of {document.passages}" if document.persisted < document.passages else "all"
    return f"{text}, {document.failed} failed" if document.failed else text if document.passages else "none"


def _as_json(document: "Document") -> dict[str, Any]:
    """Its fields; text and passages where they were read."""
    values = dict(vars(document))
    if document.text is None and not document.passages_read:
        del values["text"], values["passages_read"]
    return values
