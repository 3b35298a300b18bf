// Calls of /v1, as whoever is signed in.

const token = document.querySelector('meta[name="csrf-token"]')?.content;

// An error as the service tells it (RFC 9457): what happened, and what to do next.
export class Problem extends Error {
  constructor(document) {
    super(document.detail);
    this.title = document.title;
    this.nextStep = document.next_step;
    this.status = document.status;
  }
}

async function send(method, path, body, headers) {
  const all = { ...headers };
  if (token) all["X-CSRF-Token"] = token;
  if (body !== undefined && !(body instanceof FormData)) {
    all["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(path, { method, body, headers: all });
  } catch {
    throw new Problem({ title: "No answer", status: 0, detail: "The service does not answer.",
                        next_step: "See that it still runs, then try again." });
  }
  if (answer.status === 401) {
    location.assign("/sign-in?to=" + encodeURIComponent(location.pathname + location.search));
    throw new Problem(await answer.json());
  }
  if (!answer.ok) throw new Problem(await answer.json());
  return answer;
}

// What `path` answers, from JSON. Throws Problem.
export async function call(method, path, body, headers = {}) {
  const answer = await send(method, path, body, headers);
  return answer.status === 204 ? null : answer.json();
}

// The same for files, telling `progress` (from 0 to 1) how much of them was sent, which fetch does not.
export function upload(path, form, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    if (token) request.setRequestHeader("X-CSRF-Token", token);
    request.responseType = "json";
    request.upload.addEventListener("progress", event => { if (event.lengthComputable) progress(event.loaded / event.total); });
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) return resolve(request.response);
      reject(new Problem(request.response ?? { title: "Failed", status: request.status, detail: `The service answered ${request.status}.` }));
    });
    // Who refuses an upload while it comes may hang up before the answer is read.
    request.addEventListener("error", () => reject(new Problem({ title: "No answer", status: 0,
      detail: "The service took nothing of it, or broke off.",
      next_step: "See that the service runs, and that the file is one that can be read and not larger than an upload may be." })));
    request.send(form);
  });
}

// The server-sent events of a POST, as [name, data]: EventSource can only GET. Throws Problem, also for an `error`.
export async function* events(path, body, headers = {}) {
  const answer = await send("POST", path, body, { ...headers, Accept: "text/event-stream" });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = "";;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    for (let end; (end = rest.indexOf("\n\n")) >= 0; rest = rest.slice(end + 2)) {
      const [name, data] = rest.slice(0, end).split("\n");
      if (!name.startsWith("event: ")) continue;
      const parsed = JSON.parse(data.slice("data: ".length));
      if (name === "event: error") throw new Problem(parsed);
      yield [name.slice("event: ".length), parsed];
    }
  }
}
