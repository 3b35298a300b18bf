"""The scripts by which the session cache in Redis writes: each is one change of one session, whole or not at all.

KEYS of every script are those of `keys`; ARGV starts with the session's member in the indexes.

- The session is a hash: turn id to `[position, record]`, and under the empty field the last position given.
- The hint beside it is a hash of the same TTL: turn id to `since dataset` of each turn that waits to be persisted
  (milliseconds; the dataset is empty where there is none), and under the empty field the summary, JSON: `a` last
  activity and `e` expiry (milliseconds, 0 for never), `w` dataset to [turns, since], `d` every dataset of its turns.
- Two sorted sets, everyone's and the user's own, list sessions by last activity, in microseconds.
- One lists sessions that wait by expiry, in milliseconds. Its empty member says that it is complete; a score that no
  expiry has (UNREAD or more) that the session's hint has not been made or looked at yet.
- One lists "dataset member" in alphabetical order.
"""

from urllib.parse import quote, unquote

LAST_POSITION = ""
SUMMARY = ""
COMPLETE = ""
INDEX = "sessiongraph:sessions"
WAITING = "sessiongraph:waiting"
DATASETS = "sessiongraph:datasets"
# Microseconds since 1970 are more, milliseconds less.
UNREAD = 10**14


def member_of(user_id: str, session_id: str) -> str:
    """One name of (user, session); the quoted user has no colon, so the first one parts the two."""
    return f"{quote(user_id, safe='')}:{session_id}"


def user_and_session(member: str) -> tuple[str, str]:
    user, _, session_id = member.partition(":")
    return unquote(user), session_id


def session_key(member: str) -> str:
    return f"sessiongraph:session:{member}"


def hint_key(member: str) -> str:
    return f"sessiongraph:hint:{member}"


def index_key(user_id: str | None) -> str:
    return INDEX if user_id is None else f"{INDEX}:{quote(user_id, safe='')}"


def keys(member: str) -> list[str]:
    """The session, everyone's index, the user's index, the hint, those that wait, sessions by dataset."""
    mine = f"{INDEX}:{member.partition(':')[0]}"
    return [session_key(member), INDEX, mine, hint_key(member), WAITING, DATASETS]


_DEFINE = f"""
local function last_as_long(key, expiry)
  if expiry > 0 then
    redis.call('PEXPIREAT', key, expiry, 'NX')
    redis.call('PEXPIREAT', key, expiry, 'GT')
  else
    redis.call('PERSIST', key)
  end
end
local function unlist()
  local known = redis.call('HGET', KEYS[4], '{SUMMARY}')
  for dataset, _ in pairs(known and cjson.decode(known).d or {{}}) do
    redis.call('ZREM', KEYS[6], dataset .. ' ' .. ARGV[1])
  end
  redis.call('DEL', KEYS[4])
  for i = 2, 3 do redis.call('ZREM', KEYS[i], ARGV[1]) end
  redis.call('ZREM', KEYS[5], ARGV[1])
  if redis.call('EXISTS', KEYS[2]) == 0 and redis.call('ZCARD', KEYS[5]) <= 1 then redis.call('DEL', KEYS[5]) end
end
local function now_ms()
  local now = redis.call('TIME')
  return now[1] * 1000 + math.floor(now[2] / 1000)
end
local function dataset_of(value)
  return string.match(value, '"dataset_id": "([^"]*)"') or ''
end
local function save(hint)
  redis.call('HSET', KEYS[4], '{SUMMARY}', cjson.encode(hint))
  if hint.e > 0 then redis.call('PEXPIREAT', KEYS[4], hint.e) else redis.call('PERSIST', KEYS[4]) end
  if next(hint.w) then
    redis.call('ZADD', KEYS[5], hint.e > 0 and hint.e or {UNREAD - 1}, ARGV[1])
    last_as_long(KEYS[5], hint.e)
  else
    redis.call('ZREM', KEYS[5], ARGV[1])
  end
  for dataset, _ in pairs(hint.d) do redis.call('ZADD', KEYS[6], 0, dataset .. ' ' .. ARGV[1]) end
  last_as_long(KEYS[6], hint.e)
end
local function wait(hint, turn, dataset, now)
  hint.d[dataset] = 1
  local known = redis.call('HGET', KEYS[4], turn)
  local since, before = string.match(known or '', '^(%d+) (.*)$')
  if before == dataset then return end
  redis.call('HSET', KEYS[4], turn, (since or string.format('%.0f', now)) .. ' ' .. dataset)
  local counted = hint.w[dataset] or {{0, now}}
  hint.w[dataset] = {{counted[1] + 1, math.min(counted[2], tonumber(since) or now)}}
  if before then
    hint.w[before] = hint.w[before][1] > 1 and {{hint.w[before][1] - 1, hint.w[before][2]}} or nil
  end
end
local function recount(hint)
  hint.w = {{}}
  local marks = redis.call('HGETALL', KEYS[4])
  for i = 1, #marks, 2 do
    local since, dataset = string.match(marks[i + 1], '^(%d+) (.*)$')
    if marks[i] ~= '{SUMMARY}' then
      local counted = hint.w[dataset] or {{0, tonumber(since)}}
      hint.w[dataset] = {{counted[1] + 1, math.min(counted[2], tonumber(since))}}
    end
  end
end
local function load()
  -- Only where there is one: a script that has written anything is not refused any more by a Redis that is full.
  if redis.call('EXISTS', KEYS[1]) == 0 and redis.call('EXISTS', KEYS[4]) == 1 then redis.call('DEL', KEYS[4]) end
  local known = redis.call('HGET', KEYS[4], '{SUMMARY}')
  if known then return cjson.decode(known) end
  local activity = redis.call('ZSCORE', KEYS[2], ARGV[1])
  local since = activity and math.floor(activity / 1000) or now_ms()
  local hint = {{a = since, e = math.max(redis.call('PEXPIRETIME', KEYS[1]), 0), w = {{}}, d = {{}}}}
  local turns = redis.call('HGETALL', KEYS[1])
  for i = 1, #turns, 2 do
    if turns[i] ~= '{LAST_POSITION}' then wait(hint, turns[i], dataset_of(turns[i + 1]), since) end
  end
  return hint
end
local function touch(hint, ttl)
  local now = redis.call('TIME')
  hint.a = now_ms()
  hint.e = hint.a + ttl
  redis.call('PEXPIREAT', KEYS[1], hint.e)
  if redis.call('EXISTS', KEYS[2], KEYS[5]) == 0 then
    redis.call('ZADD', KEYS[5], '+inf', '{COMPLETE}')
    last_as_long(KEYS[5], hint.e)
  end
  for i = 2, 3 do
    redis.call('ZADD', KEYS[i], now[1] .. string.format('%06d', now[2]), ARGV[1])
    last_as_long(KEYS[i], hint.e)
  end
  redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', hint.a)
  save(hint)
end
"""
# ARGV: member, TTL in ms, then turn id and record of each turn.
PUT = f"""{_DEFINE}
local hint, now = load(), now_ms()
for i = 3, #ARGV, 2 do
  local old = redis.call('HGET', KEYS[1], ARGV[i])
  local position = old and string.match(old, '^%[(%d+)')
  position = position or redis.call('HINCRBY', KEYS[1], '{LAST_POSITION}', 1)
  redis.call('HSET', KEYS[1], ARGV[i], '[' .. position .. ', ' .. ARGV[i + 1] .. ']')
  wait(hint, ARGV[i], dataset_of(ARGV[i + 1]), now)
end
touch(hint, ARGV[2])
"""
# ARGV: member, TTL in ms, turn id, the value as it was read, the value to write.
REPLACE = f"""{_DEFINE}
if redis.call('HGET', KEYS[1], ARGV[3]) ~= ARGV[4] then return 0 end
local hint = load()
redis.call('HSET', KEYS[1], ARGV[3], ARGV[5])
wait(hint, ARGV[3], dataset_of(ARGV[5]), now_ms())
touch(hint, ARGV[2])
return 1
"""
# ARGV: member, turn id. A hash that holds the last position alone is no session.
DELETE_TURN = f"""{_DEFINE}
local deleted = redis.call('HDEL', KEYS[1], ARGV[2])
if redis.call('HLEN', KEYS[1]) <= 1 then
  redis.call('DEL', KEYS[1])
  unlist()
elseif redis.call('HDEL', KEYS[4], ARGV[2]) == 1 then
  local hint = load()
  recount(hint)
  save(hint)
end
return deleted
"""
DELETE_SESSION = f"""{_DEFINE}
unlist()
return redis.call('DEL', KEYS[1])
"""
# Asked again, for the session may have been written to since it was found gone.
UNLIST_IF_GONE = f"""{_DEFINE}
if redis.call('EXISTS', KEYS[1]) == 0 then unlist() end
"""
# ARGV: member, then turn id and value of each turn that was staged.
NOTE_STAGED = f"""{_DEFINE}
if redis.call('EXISTS', KEYS[1]) == 0 then return unlist() end
local hint = load()
for i = 2, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[4], ARGV[i]) end
end
recount(hint)
save(hint)
"""
# Makes the hint of a session that has none, and lists it by what it says. The summary, or nil without a session.
READ_HINT = f"""{_DEFINE}
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return unlist() end
local hint = load()
hint.e = math.max(redis.call('PEXPIRETIME', KEYS[1]), 0)
save(hint)
return cjson.encode(hint)
"""

# KEYS: those that wait, everyone's index. Lists every session as one that waits, until its hint has been looked at.
LIST_ALL = f"""
if redis.call('ZSCORE', KEYS[1], '{COMPLETE}') or redis.call('EXISTS', KEYS[2]) == 0 then return end
redis.call('ZUNIONSTORE', KEYS[1], 2, KEYS[1], KEYS[2], 'AGGREGATE', 'MAX')
redis.call('ZADD', KEYS[1], '+inf', '{COMPLETE}')
local expiry = redis.call('PEXPIRETIME', KEYS[2])
if expiry > 0 then redis.call('PEXPIREAT', KEYS[1], expiry) end
"""
# KEYS: session and hint of each session asked for. The summaries, '' where there is none, nil without a session.
SUMMARIES = f"""
local found = {{}}
for i = 1, #KEYS, 2 do
  local gone = redis.call('EXISTS', KEYS[i]) == 0
  found[#found + 1] = not gone and (redis.call('HGET', KEYS[i + 1], '{SUMMARY}') or '')
end
return found
"""
# KEYS: sessions. How many of them there are, and how many turns they have.
COUNT = """
local sessions, turns = 0, 0
for i = 1, #KEYS do
  local fields = redis.pcall('HLEN', KEYS[i])
  if type(fields) == 'number' and fields > 1 then
    sessions = sessions + 1
    turns = turns + fields - 1
  end
end
return {sessions, turns}
"""
