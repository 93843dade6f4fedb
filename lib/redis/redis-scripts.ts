/**
 * Stores a ticket and drops the oldest beyond the limits, in one step and by the clock of Redis. The value names the set of
 * the user, so that taking the ticket can leave it.
 *
 * KEYS: ticket, tickets of the user, all tickets. ARGV: payload, ttlMs, maxPerUser, maxTotal.
 */
export const putTicketScript = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], KEYS[2] .. ' ' .. ARGV[1], 'PX', ARGV[2])
for index, limit in ipairs({ ARGV[3], ARGV[4] }) do
  local set = KEYS[index + 1]
  redis.call('ZREMRANGEBYSCORE', set, '-inf', now)
  redis.call('ZADD', set, now + ARGV[2], KEYS[1])
  local excess = redis.call('ZCARD', set) - limit
  if excess > 0 then
    for _, key in ipairs(redis.call('ZRANGE', set, 0, excess - 1)) do
      redis.call('DEL', key)
      redis.call('ZREM', set, key)
    end
  end
  redis.call('PEXPIRE', set, 300000)
end
return 1
`;

/**
 * Takes a ticket and forgets it, in one step.
 *
 * KEYS: ticket, all tickets.
 */
export const takeTicketScript = `
local value = redis.call('GETDEL', KEYS[1])
if not value then return false end
redis.call('ZREM', KEYS[2], KEYS[1])
local set, payload = string.match(value, '^(%S+) (.*)$')
if not set then return false end
redis.call('ZREM', set, KEYS[1])
return payload
`;

/**
 * Keeps a revocation under its key, the latest instant winning, and appends it to the stream that nodes read.
 *
 * KEYS: revocation, stream. ARGV: before, rememberMs, entry, streamMs.
 */
export const addRevocationScript = `
local before = tonumber(ARGV[1])
local earlier = tonumber(redis.call('GET', KEYS[1]) or '')
local ttl = math.max(tonumber(ARGV[2]), redis.call('PTTL', KEYS[1]))
if earlier and earlier > before then before = earlier end
redis.call('SET', KEYS[1], string.format('%.0f', before), 'PX', ttl)
local time = redis.call('TIME')
local oldest = time[1] * 1000 - tonumber(ARGV[4])
redis.call('XADD', KEYS[2], 'MINID', '~', string.format('%.0f', oldest), '*', 'revocation', ARGV[3])
return 1
`;
