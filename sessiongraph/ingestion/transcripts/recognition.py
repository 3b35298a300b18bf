"""The one reader of transcripts: which shape a text has, tried from the surest on."""

from sessiongraph.ingestion.formats.content import Notes
from sessiongraph.ingestion.transcripts.captions import is_captions, read_captions
from sessiongraph.ingestion.transcripts.line_grammars import read_lines
from sessiongraph.ingestion.transcripts.mail import read_thread
from sessiongraph.ingestion.transcripts.utterances import Transcript


def read_transcript(text: str, notes: Notes) -> Transcript | None:
    """The transcript that `text` is, or None where it may be anything else."""
    if is_captions(text):
        return read_captions(text, notes)
    return read_thread(text) or read_lines(text, notes)
