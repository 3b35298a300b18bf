"""What LangChain's own two RedisChatMessageHistory write. Run in an environment of theirs, with a Redis and which."""

import sys

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

url, which, *session_ids = sys.argv[1:]
if which == "community":
    from langchain_community.chat_message_histories import RedisChatMessageHistory

    histories = [RedisChatMessageHistory(it, url=url) for it in session_ids]
else:
    from langchain_redis import RedisChatMessageHistory

    # What it makes of an index that is there, it knows from the older protocol alone.
    histories = [RedisChatMessageHistory(it, redis_url=f"{url}?protocol=2") for it in session_ids]

CALL = {"name": "weather", "args": {"city": "Lyon"}, "id": "call_1"}
SAID = [
    SystemMessage("Be brief."),
    HumanMessage("I moved to Lyon."),
    AIMessage("One moment.", tool_calls=[CALL], id=f"run-{session_ids[0]}"),
    ToolMessage("It rains in Oslo.", tool_call_id="call_1", name="weather"),
    AIMessage("It rains."),
    HumanMessage([{"type": "text", "text": "I work at Acme."}, {"type": "image_url", "image_url": {"url": "data:,"}}]),
    AIMessage([{"type": "text", "text": "Good for you."}]),
]
for message in SAID:
    for history in histories:
        history.add_message(message)
# Messages with other contents than a text, langchain-redis writes but does not find again.
texts = [it.content for it in SAID if isinstance(it.content, str)]
assert [it.content for it in histories[0].messages if isinstance(it.content, str)] == texts
