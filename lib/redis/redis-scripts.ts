/**
 * Stores a ticket, after the ones that would end first have left the sets to make room for it, by the clock of Redis. Returns those
 * that have left, which are to be dropped.
 *
 * KEYS: ticket, tickets of the user, all tickets. ARGV: member of both sets, value, ttlMs, maxPerUser, maxTotal.
 */
export const putTicketScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local dropped = {}
for index = 2, 3 do
  redis.call('ZREMRANGEBYSCORE', KEYS[index], '-inf', now)
  local excess = redis.call('ZCARD', KEYS[index]) + 1 - ARGV[index + 2]
  if excess > 0 then
    for _, member in ipairs(redis.call('ZRANGE', KEYS[index], 0, excess - 1)) do
      redis.call('ZREM', KEYS[2], member)
      redis.call('ZREM', KEYS[3], member)
      table.insert(dropped, member)
    end
  end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3] - 1)
for index = 2, 3 do
  redis.call('ZADD', KEYS[index], now + ARGV[3] * 1000, ARGV[1])
  redis.call('PEXPIRE', KEYS[index], 300000)
end
return dropped
`;

/**
 * Forgets tickets, and takes them out of the sets that count them.
 *
 * KEYS: all tickets, then each ticket and the tickets of its user. ARGV: member of each in the sets.
 */
export const dropTicketsScript = `
for index, member in ipairs(ARGV) do
  redis.call('DEL', KEYS[index * 2])
  redis.call('ZREM', KEYS[index * 2 + 1], member)
  redis.call('ZREM', KEYS[1], member)
end
return 1
`;

/**
 * Reads the clock of Redis, in epoch milliseconds. As a script, so that a cluster asks the node that has the other keys.
 *
 * KEYS: a key that does not exist.
 */
export const readClockScript = `
local time = redis.call('TIME')
return string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
`;

/**
 * Keeps a revocation under its key, the latest instant winning, and appends it to the stream that nodes read.
 *
 * KEYS: revocation, stream. ARGV: before, rememberMs, entry, streamMs, field.
 */
export const addRevocationScript = `
local before = ARGV[1]
local earlier = redis.call('GET', KEYS[1])
if earlier and (tonumber(earlier) or -math.huge) > tonumber(before) then before = earlier end
local ttl = math.max(tonumber(ARGV[2]), redis.call('PTTL', KEYS[1]))
redis.call('SET', KEYS[1], before, 'PX', ttl)
local time = redis.call('TIME')
local oldest = time[1] * 1000 - ARGV[4]
redis.call('XADD', KEYS[2], 'MINID', '~', string.format('%.0f', oldest), '*', ARGV[5], ARGV[3])
return 1
`;

/**
 * Demands that this Redis takes writes: `HDEL` of a key that does not exist changes nothing, and fails on a primary that has
 * lost its replicas (`min-replicas-to-write`) or on a replica. Another primary may have taken its place, with revocations that
 * this one will never see. `HDEL` frees memory, so a full Redis still permits it.
 *
 * KEYS: a key that does not exist comes last.
 */
const demandWritable = "redis.call('HDEL', KEYS[#KEYS], '-')";

/**
 * Reads what is kept of several revocations. Unlike `MGET` it fails for a key of another type, which is not "absent"; so it
 * does if the stream that nodes read is of another type, since a session that begins could not be ended.
 *
 * KEYS: everybody, user, session, any number of tokens, stream, a key that does not exist.
 */
export const readRevocationsScript = `
${demandWritable}
redis.call('XRANGE', KEYS[#KEYS - 1], '-', '+', 'COUNT', 1)
local values = {}
for index = 1, #KEYS - 2 do values[index] = redis.call('GET', KEYS[index]) end
return values
`;

/**
 * Reads the time of Redis, entries after the cursor, and the digest of the last one. If the entry of the cursor is not there, everything is
 * new: it was lost with other entries in a failover, which may also have added some that look older, or it is older than all that is
 * kept. An id alone names no entry: a primary whose clock is behind gives the next one the id of a lost one.
 *
 * KEYS: stream, a key that does not exist. ARGV: id and digest of the entry of the cursor or nothing, count.
 */
export const readStreamScript = `
${demandWritable}
local function digest(entry) return redis.sha1hex(table.concat(entry[2], ' ')) end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local from = '-'
if ARGV[1] ~= '' then
  local known = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
  if known and digest(known) == ARGV[2] then from = '(' .. ARGV[1] end
end
local entries = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', ARGV[3])
return { now, entries, entries[1] and digest(entries[#entries]) or '' }
`;

/**
 * Takes a lease among the sessions of a user, by the clock of Redis. A field holds when its session began and when its
 * lease runs out, in microseconds; a session that claims again begins again. Fails for a field that holds something else: it
 * may be a lease.
 *
 * KEYS: leases of the user. ARGV: session, limit, leaseMs, onLimit.
 */
export const claimLeaseScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local leases = {}
local fields = redis.call('HGETALL', KEYS[1])
for index = 1, #fields, 2 do
  local began, ends = string.match(fields[index + 1], '^(%d+) (%d+)$')
  if fields[index] == ARGV[1] then
    redis.call('HDEL', KEYS[1], fields[index])
  elseif not began then
    return redis.error_reply('ERR a lease that cannot be read')
  elseif tonumber(ends) <= now then
    redis.call('HDEL', KEYS[1], fields[index])
  else
    table.insert(leases, { began = tonumber(began), session = fields[index] })
  end
end
local replaced = {}
local excess = #leases + 1 - ARGV[2]
if excess > 0 then
  if ARGV[4] ~= 'closeOldest' then return 'full' end
  table.sort(leases, function(one, other) return one.began < other.began end)
  for index = 1, excess do
    replaced[index] = leases[index].session
    redis.call('HDEL', KEYS[1], replaced[index])
  end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %.0f', now, now + ARGV[3] * 1000))
redis.call('PEXPIRE', KEYS[1], math.max(tonumber(ARGV[3]), redis.call('PTTL', KEYS[1])))
return replaced
`;

/**
 * Keeps what a node publishes of its users, for as long as its lease lasts, and returns whether anything of it was known. The
 * node itself is in a set with the end of its lease, by the clock of Redis. An empty field keeps the key of a node without sessions.
 *
 * KEYS: nodes, records of the node. ARGV: node, leaseMs, then user and record of each; an empty record removes the user.
 */
export const putPresenceScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = redis.call('EXISTS', KEYS[2])
redis.call('HSET', KEYS[2], '', '')
for index = 3, #ARGV, 2 do
  if ARGV[index + 1] == '' then
    redis.call('HDEL', KEYS[2], ARGV[index])
  else
    redis.call('HSET', KEYS[2], ARGV[index], ARGV[index + 1])
  end
end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.max(tonumber(ARGV[2]), redis.call('PTTL', KEYS[1])))
return known
`;

/**
 * Reads what several nodes have published of a user.
 *
 * KEYS: records of each node. ARGV: user.
 */
export const readPresenceScript = `
local records = {}
for index, key in ipairs(KEYS) do records[index] = redis.call('HGET', key, ARGV[1]) or '' end
return records
`;

/**
 * Extends leases. A key of another type is passed over, so that it harms no other user.
 *
 * KEYS: leases of each user. ARGV: leaseMs, then the session of each.
 */
export const renewLeasesScript = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for index, key in ipairs(KEYS) do
  local session = ARGV[index + 1]
  local lease = redis.pcall('HGET', key, session)
  if type(lease) ~= 'table' then
    local began = string.match(lease or '', '^(%d+) %d+$') or now
    redis.call('HSET', key, session, string.format('%.0f %.0f', tonumber(began), now + ARGV[1] * 1000))
    redis.call('PEXPIRE', key, math.max(tonumber(ARGV[1]), redis.call('PTTL', key)))
  end
end
return 1
`;
