"""A small OpenAI-compatible HTTP server for tests: real HTTP, deterministic answers, faults on demand.

What it answers (an extraction where JSON is asked for, else a quotation; vectors) belongs to `model_answers`.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.model_answers import bags_of_words, extraction, lessons, packed, quote

Json = dict[str, Any]


@dataclass
class Request:
    """A call as it arrived; `chat` tells chat calls from embedding calls."""

    chat: bool
    body: Json
    headers: dict[str, str]

    @property
    def user(self) -> str:
        """The first user message."""
        return next((m["content"] for m in self.body["messages"] if m["role"] == "user"), "")


@dataclass
class Fault:
    """What happens instead to calls whose texts contain `when`, `times` times (None: for ever)."""

    when: str
    times: int | None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    message: str = "injected failure"
    content: str | None = None
    finish_reason: str = "stop"
    refusal: str | None = None
    endless: bool = False
    body: Any = None
    chat: bool = True
    parameter: str = ""
    content_type: str = "application/json"


class OpenAIEndpoint:
    """The server. Set `latency` (seconds), `dimensions`, `extract`, `teach`, `vectors`, `formats`, `batch`, …"""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.latency = 0.0
        self.dimensions = 64
        self.extract: Callable[[str], Json] = extraction
        self.teach: Callable[[str], Json] = lessons
        self.vectors: Callable[[list[str], int], list[list[float]]] = bags_of_words
        self.formats = {"json_schema", "json_object"}  # the response formats that it takes: others get 400
        self.batch = 2048  # the texts that an embedding call may hold: more get 413
        self.most_words: int | None = None  # that a text to embed may have: more get 400, and one of `too_long`
        self.too_long = "This model's maximum context length is 512 tokens, however you requested 700 tokens"
        self.tokens_read: int | None = None  # what it says of each prompt, instead of the number of its words
        self.longest_window: int | None = None  # as Ollama tells it
        self.base64 = True  # whether it can write vectors so: where not, asking for it gets 400
        self.requests: list[Request] = []
        self.in_flight = self.max_in_flight = 0
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._server = _Server((address, 0), _handler_of(self))
        self.url = f"http://{address}:{self._server.server_port}/v1"

    def fail(
        self,
        status: int,
        when: str = "",
        times: int | None = None,
        *,
        message: str = "injected failure",
        retry_after: str | None = None,
        parameter: str = "",
    ) -> None:
        """Answer matching calls, of those that have `parameter`, with an HTTP error."""
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        self._faults.append(Fault(when, times, status, headers, message, parameter=parameter))

    def reply(
        self,
        content: str,
        when: str = "",
        times: int | None = None,
        *,
        finish_reason: str = "stop",
        refusal: str | None = None,
    ) -> None:
        """Answer matching chat calls with this: bad JSON, `finish_reason="length"`, a refusal."""
        self._faults.append(Fault(when, times, content=content, finish_reason=finish_reason, refusal=refusal))

    def send(
        self,
        body: Any,
        when: str = "",
        times: int | None = None,
        *,
        chat: bool = True,
        content_type: str = "application/json",
    ) -> None:
        """Answer matching calls, of `chat` or else of embeddings, with this body, whatever it is; bytes as they are."""
        self._faults.append(Fault(when, times, body=body, chat=chat, content_type=content_type))

    def never_end(self, when: str = "", times: int | None = None) -> None:
        """Answer matching chat calls at once, and go on for ever."""
        self._faults.append(Fault(when, times, headers={"Transfer-Encoding": "chunked"}, content="", endless=True))

    def heal(self) -> None:
        """No more faults."""
        self._faults.clear()

    @property
    def chats(self) -> list[Request]:
        return [request for request in self.requests if request.chat]

    @property
    def embeddings(self) -> list[Request]:
        return [request for request in self.requests if not request.chat]

    @contextmanager
    def running(self) -> Iterator["OpenAIEndpoint"]:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def answer(self, request: Request) -> tuple[int, dict[str, str], Any]:
        """Status, headers and body for `request`."""
        with self._lock:
            self.requests.append(request)
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
            fault = self._take_fault(request)
        try:
            time.sleep(self.latency)
            if fault is not None and (fault.status != 200 or fault.endless):
                return fault.status, fault.headers, _error(fault.message, fault.status)
            if fault is not None and fault.body is not None:
                return 200, {"Content-Type": fault.content_type}, fault.body
            return self._chat(request, fault) if request.chat else self._embed(request)
        finally:
            with self._lock:
                self.in_flight -= 1

    def answer_as_ollama(self, path: str, request: Request) -> tuple[int, dict[str, str], Any]:
        """As Ollama's own interface does: what is longer than the window loses its beginning, and nobody is told.

        Here a word is a token.
        """
        if path == "/api/show":
            shown = {} if self.longest_window is None else {"test.context_length": self.longest_window}
            return 200, {}, {"model_info": shown, "template": "", "capabilities": ["completion"]}
        with self._lock:
            self.requests.append(request)
        window = min(request.body["options"].get("num_ctx", 4096), self.longest_window or 1 << 20)
        words = re.findall(r"\S+\s*", "\n".join(message["content"] for message in request.body["messages"]))
        content = json.dumps(self.extract("".join(words[-window:])))
        counted = {"prompt_eval_count": min(window, len(words)), "eval_count": len(content.split())}
        message = {"role": "assistant", "content": content}
        return 200, {}, {"model": "test", "message": message, "done": True, "done_reason": "stop"} | counted

    def _take_fault(self, request: Request) -> Fault | None:
        said = json.dumps(request.body.get("messages") or request.body.get("input"), ensure_ascii=False)
        for fault in self._faults:
            concerned = request.chat == fault.chat or fault.status != 200
            concerned = concerned and (not fault.parameter or fault.parameter in request.body)
            if fault.when in said and fault.times != 0 and concerned:
                fault.times = None if fault.times is None else fault.times - 1
                return fault
        return None

    def _chat(self, request: Request, fault: Fault | None) -> tuple[int, dict[str, str], Json]:
        wanted = request.body.get("response_format", {}).get("type")
        if wanted and wanted not in self.formats:
            return 400, {}, _error(f"response_format.type {wanted} is not supported", 400)
        if fault is not None:
            message: Json = {"role": "assistant", "content": fault.content, "refusal": fault.refusal}
        else:
            as_json = wanted or any('"properties"' in m["content"] for m in request.body["messages"])
            answer = self.teach if request.user.startswith("~ lessons of") else self.extract
            content = json.dumps(answer(request.user)) if as_json else quote(request.user)
            message = {"role": "assistant", "content": content}
        finish_reason = fault.finish_reason if fault else "stop"
        words = sum(len(m["content"].split()) for m in request.body["messages"])
        prompt = words if self.tokens_read is None else self.tokens_read
        choice = {"index": 0, "message": message, "finish_reason": finish_reason}
        usage = _usage(prompt, len((message["content"] or "").split()))
        return 200, {}, _body(request, "chat.completion", choices=[choice], usage=usage)

    def _embed(self, request: Request) -> tuple[int, dict[str, str], Json]:
        texts: list[str] = request.body["input"]
        if self.most_words and any(len(text.split()) > self.most_words for text in texts):
            return 400, {}, _error(self.too_long, 400)
        if len(texts) > self.batch:
            return 413, {}, _error(f"batch size {len(texts)} is above {self.batch}", 413)
        if "" in texts:
            return 400, {}, _error("input cannot be an empty string", 400)
        compact = request.body.get("encoding_format") == "base64"
        if compact and not self.base64:
            return 400, {}, _error("encoding_format base64 is not supported", 400)
        vectors = self.vectors(texts, request.body.get("dimensions", self.dimensions))
        rows = [
            {"object": "embedding", "index": at, "embedding": packed(row) if compact else row}
            for at, row in enumerate(vectors)
        ]
        usage = _usage(sum(len(text.split()) for text in texts), 0)
        return 200, {}, _body(request, "list", data=rows[::-1], usage=usage)


def _body(request: Request, kind: str, **content: Any) -> Json:
    return {"id": "1", "object": kind, "created": 1, "model": request.body["model"], **content}


def _usage(prompt: int, completion: int) -> Json:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _error(message: str, status: int) -> Json:
    return {"error": {"message": message, "type": "injected", "code": str(status)}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


def _handler_of(endpoint: OpenAIEndpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet an answer
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            chat = self.path in ("/v1/chat/completions", "/api/chat")
            request = Request(chat, body, {name.lower(): value for name, value in self.headers.items()})
            if self.path.startswith("/api/"):
                status, headers, answer = endpoint.answer_as_ollama(self.path, request)
            elif chat or self.path == "/v1/embeddings":
                status, headers, answer = endpoint.answer(request)
            else:
                status, headers, answer = 404, {}, _error(f"no such path: {self.path}", 404)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "Content-Type" not in headers:
                    self.send_header("Content-Type", "application/json")
                if "Transfer-Encoding" in headers:
                    self.end_headers()
                    while True:  # until the client hangs up
                        self.wfile.write(b"1\r\n \r\n")
                        self.wfile.flush()
                        time.sleep(0.02)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                self.wfile.flush()
            except ConnectionError:
                self.close_connection = True  # the client gave up waiting

        def log_message(self, *_: Any) -> None:
            """Say nothing on stderr."""

    return Handler
