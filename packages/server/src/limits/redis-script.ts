/*
 * `ledger.ts` once more, where it runs within Redis: one script, so one round trip and nobody between. It answers
 * `now, taken, refusedBy (from 1; 0), longest wait`, then `remaining, resetAt` for each key.
 *
 * KEYS are ledgers. ARGV is `now` ('' for the clock of Redis), the cost and what to do: `take`, `peek`, or the `now` of a
 * take to undo; then kind, requests and milliseconds of each.
 */
export const script = `
local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local cost = tonumber(ARGV[2])
local verb = ARGV[3]
local undone = tonumber(verb)

local function spent(ledger)
  local sum = 0
  for _, entry in ipairs(ledger.window) do
    if entry[1] + ledger.ms > now then sum = sum + entry[2] end
  end
  return sum
end

local function debt(ledger)
  local ms = ledger.fullAt - now
  if ms > 0 then return ms * ledger.requests - ledger.less end
  return 0
end

local function owing(ledger, owed)
  local ms = math.ceil(owed / ledger.requests)
  ledger.fullAt = now + ms
  ledger.less = ms * ledger.requests - owed
end

local function instant(ledger, at)
  if ledger.requests <= 64 then return at end
  local step = ledger.ms / 64
  return math.ceil(math.ceil(at / step) * step)
end

local function wait(ledger)
  if cost > ledger.requests then return ledger.ms end
  if not ledger.window then
    local missing = debt(ledger) + (cost - ledger.requests) * ledger.ms
    if missing <= 0 then return 0 end
    return math.ceil(missing / ledger.requests)
  end
  local missing = spent(ledger) + cost - ledger.requests
  if missing <= 0 then return 0 end
  for _, entry in ipairs(ledger.window) do
    if entry[1] + ledger.ms > now then
      missing = missing - entry[2]
      if missing <= 0 then return entry[1] + ledger.ms - now end
    end
  end
  return ledger.ms
end

-- After \`catchUp\` nothing is charged later than now: what is charged comes last.
local function charge(ledger)
  if not ledger.window then return owing(ledger, debt(ledger) + cost * ledger.ms) end
  local at = instant(ledger, now)
  local kept, isIn = {}, false
  for _, entry in ipairs(ledger.window) do
    if entry[1] + ledger.ms > now then
      if entry[1] == at then
        entry[2] = entry[2] + cost
        isIn = true
      end
      kept[#kept + 1] = entry
    end
  end
  if not isIn then kept[#kept + 1] = { at, cost } end
  ledger.window = kept
end

local function back(ledger)
  if not ledger.window then
    local refilled = math.max(0, now - undone) * ledger.requests
    return owing(ledger, debt(ledger) - math.max(0, cost * ledger.ms - refilled))
  end
  local at = instant(ledger, undone)
  local kept = {}
  for _, entry in ipairs(ledger.window) do
    if entry[1] == at then entry[2] = entry[2] - cost end
    if entry[2] > 0 then kept[#kept + 1] = entry end
  end
  ledger.window = kept
end

local function remaining(ledger)
  if ledger.window then return ledger.requests - spent(ledger) end
  return math.max(0, ledger.requests - math.ceil(debt(ledger) / ledger.ms))
end

local function resetAt(ledger)
  if not ledger.window then return math.max(ledger.fullAt, now) end
  local last = ledger.window[#ledger.window]
  if last then return math.max(last[1] + ledger.ms, now) end
  return now
end

-- As \`caughtUp\`, where nothing is charged ahead.
local function catchUp(ledger)
  local latest = instant(ledger, now)
  if not ledger.window then
    if ledger.fullAt <= latest + ledger.ms then return end
    ledger.fullAt, ledger.less = latest + ledger.ms, 0
  else
    local last = ledger.window[#ledger.window]
    if not last or last[1] <= latest then return end
    local kept, later = {}, 0
    for _, entry in ipairs(ledger.window) do
      if entry[1] < latest then kept[#kept + 1] = entry else later = later + entry[2] end
    end
    kept[#kept + 1] = { latest, later }
    ledger.window = kept
  end
  ledger.caughtUp = true
end

local function open(key, kind, requests, ms)
  local ledger = { requests = requests, ms = ms }
  local stored = redis.call('GET', key)
  if kind == 'window' then
    ledger.window = stored and cmsgpack.unpack(stored) or {}
  else
    local state = stored and cmsgpack.unpack(stored) or { 0, 0 }
    ledger.fullAt, ledger.less = state[1], state[2]
  end
  catchUp(ledger)
  return ledger
end

local function close(key, ledger)
  local forMs = resetAt(ledger) - now
  if forMs <= 0 then return redis.call('DEL', key) end
  redis.call('SET', key, cmsgpack.pack(ledger.window or { ledger.fullAt, ledger.less }), 'PX', forMs + 1000)
end

local ledgers, refusedBy, longest = {}, 0, 0
for index, key in ipairs(KEYS) do
  local at = 3 * index + 1
  ledgers[index] = open(key, ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]))
  local ms = wait(ledgers[index])
  if ms > longest then refusedBy, longest = index, ms end
end
local taken = refusedBy == 0
for index, key in ipairs(KEYS) do
  if undone then
    back(ledgers[index])
    close(key, ledgers[index])
  elseif verb == 'take' and taken and cost > 0 then
    charge(ledgers[index])
    close(key, ledgers[index])
  elseif ledgers[index].caughtUp then
    close(key, ledgers[index])
  end
end
local answer = { now, taken and 1 or 0, refusedBy, longest }
for _, ledger in ipairs(ledgers) do
  answer[#answer + 1] = remaining(ledger)
  answer[#answer + 1] = resetAt(ledger)
end
return answer
`
