-- Each type: how it is read, and what is shown of it.

local function length(r, ty)
  local start = r.pos
  local found, range = number(r, ty.width)
  if found > ty.max then
    fault(r, "over-bound", start, found .. ", where " .. ty.max .. " is the most allowed")
  end
  return found, range, start
end

local function flag(r)
  local start = r.pos
  local found, range = number(r, 1)
  if found > 1 then fault(r, "bad-bool", start, "0 or 1 is wanted, found " .. found) end
  return found == 1, range
end

local read_body
local read = {}

-- Reads a value of type `ty`; returns what constraints and the order of keys look at.
local function value(r, ty, name)
  return read[ty.kind](r, ty, name)
end

local function at(r, segment, ty, name)
  local path = r.path
  r.path = path .. segment
  local result = value(r, ty, name)
  r.path = path
  return result
end

function read.bool(r, ty, name)
  local found, range = flag(r)
  add(r, ty.field, range)
  summarise(r, name, tostring(found))
  return {}
end

function read.int(r, ty, name)
  local range = take(r, ty.size)
  local bytes = raw(range)
  if ty.size == 16 then
    add(r, ty.field, range, decimal(bytes, ty.signed))
  else
    add_le(r, ty.field, range)
  end
  summarise(r, name, decimal(bytes, ty.signed))
  return { key = sortable(bytes, ty.signed) }
end

-- Seconds, and nanoseconds from 0 on, of a number of `unit` parts of a second.
local function time(number, unit)
  local seconds, parts = (number / unit):tonumber(), (number % unit):tonumber()
  if parts < 0 then seconds, parts = seconds - 1, parts + unit end
  return NSTime.new(seconds, parts * (1000000000 / unit))
end

function read.duration(r, ty, name)
  local range = take(r, 8)
  local found = time(range:le_uint64(), 1000000000)
  add(r, ty.field, range, found)
  summarise(r, name, tostring(found) .. "s")
  return { key = sortable(raw(range), false) }
end

function read.timestamp(r, ty, name)
  local range = take(r, 8)
  local found = time(range:le_int64(), 1000000)
  add(r, ty.field, range, found)
  summarise(r, name, tostring(found))
  return { key = sortable(raw(range), true) }
end

function read.float(r, ty, name)
  local range = take(r, ty.size)
  add_le(r, ty.field, range)
  return { number = range:le_float() }
end

function read.str(r, ty, name)
  local size, prefix = length(r, ty)
  local start = r.pos
  local range = take(r, size)
  local text = raw(range)
  local bad = ill_formed(text)
  if bad then fault(r, "bad-utf8", start + bad, "not UTF-8") end
  add_le(r, ty.len_field, prefix)
  if size == 0 then
    add(r, ty.field, range, "")
  elseif text:find("\0", 1, true) then
    -- Wireshark would show no more than what stands before it; this is its symbol, U+2400.
    add(r, ty.field, range, (text:gsub("\0", "\226\144\128")))
  elseif room(r) then
    r.tree:add_packet_field(ty.field, range, ENC_UTF_8 + ENC_STRING)
  end
  summarise(r, name, '"' .. text .. '"')
  return { key = text, len = size }
end

function read.bytes(r, ty, name)
  local size, prefix = length(r, ty)
  local range = take(r, size)
  add_le(r, ty.len_field, prefix)
  add(r, ty.field, range)
  return { key = raw(range), len = size }
end

local function count(r, ty, smallest)
  local found, range, start = length(r, ty)
  if found * smallest > r.stop - r.pos then
    fault(r, "count-too-large", start, found .. " elements cannot fit")
  end
  add_le(r, ty.len_field, range)
  return found
end

local function elements(r, ty, found)
  for index = 0, found - 1 do
    at(r, "[" .. index .. "]", ty.elem, "[" .. index .. "]")
  end
end

function read.list(r, ty, name)
  local found
  group(r, name, function()
    found = count(r, ty, ty.elem.min)
    elements(r, ty, found)
  end)
  summarise(r, name, "[" .. found .. "]")
  return { len = found }
end

function read.array(r, ty, name)
  group(r, name, function() elements(r, ty, ty.len) end)
  return { len = ty.len }
end

function read.map(r, ty, name)
  local found
  group(r, name, function()
    found = count(r, ty, ty.key.min + ty.value.min)
    local last
    for index = 0, found - 1 do
      local path, start = r.path, r.pos
      r.path = path .. "[" .. index .. "].key"
      local key = value(r, ty.key, "[" .. index .. "].key").key
      if last and not less(last, key) then
        fault(r, "map-order", start, "a key that is not greater than the one before")
      end
      last = key
      r.path = path
      at(r, "[" .. index .. "].value", ty.value, "[" .. index .. "].value")
    end
  end)
  return { len = found }
end

function read.opt(r, ty, name)
  local present, range = flag(r)
  add(r, ty.present_field, range)
  if present then value(r, ty.inner, name) end
  return {}
end

function read.ip(r, ty, name)
  local start = r.pos
  local family = number(r, 1)
  if family == 4 then
    local range = take(r, 4)
    add(r, ty.ip4_field, range)
    summarise(r, name, tostring(range:ipv4()))
  elseif family == 6 then
    local range = take(r, 16)
    add(r, ty.ip6_field, range)
    summarise(r, name, tostring(range:ipv6()))
  else
    fault(r, "bad-family", start, "4 or 6 is wanted, found " .. family)
  end
  return {}
end

function read.socket_addr(r, ty, name)
  group(r, name, function()
    read.ip(r, ty, name)
    add_le(r, ty.port_field, take(r, 2))
  end)
  return {}
end

function read.uuid(r, ty, name)
  local range = take(r, 16)
  add(r, ty.field, range)
  return { key = raw(range) }
end

function read.enum(r, ty, name)
  local start = r.pos
  local found, range = number(r, ty.of.size)
  if ty.of.closed and not ty.of.names[found] then
    fault(r, "unknown-value", start, found .. " is no value of this closed enum")
  end
  add_le(r, ty.field, range)
  summarise(r, name, ty.of.names[found] or tostring(found))
  return { key = sortable(raw(range), false) }
end

function read.flags(r, ty, name)
  local range = take(r, ty.of.size)
  local bytes, names, known = raw(range), {}, {}
  local function is_set(bit)
    return math.floor(bytes:byte(math.floor(bit / 8) + 1) / 2 ^ (bit % 8)) % 2 == 1
  end
  local item = add_le(r, ty.field, range)
  for index, bit in ipairs(ty.of.bits) do
    known[bit.bit] = true
    local set = is_set(bit.bit)
    if set then names[#names + 1] = bit.name end
    if item and room(r) then item:add(ty.bit_fields[index], range, set) end
  end
  for bit = 0, ty.of.size * 8 - 1 do
    if is_set(bit) and not known[bit] then names[#names + 1] = "bit " .. bit end
  end
  local text = #names > 0 and table.concat(names, ", ") or "none"
  if item then item:append_text(" (" .. text .. ")") end
  summarise(r, name, text)
  return {}
end

function read.struct(r, ty, name)
  local def = ty.of
  group(r, name .. " (" .. def.name .. ")", function()
    if not def.width then
      read_body(r, def.body, false)
      return
    end
    local size, range = number(r, def.width)
    add_le(r, def.len_field, range)
    announced(r, size)
    local stop = r.stop
    r.stop = r.pos + size
    read_body(r, def.body, true)
    r.stop = stop
  end)
  return {}
end

-- A record's header: id and length, and where it starts.
local function header(r)
  announced(r, HEADER_LEN)
  local start = r.pos
  local id, id_range = number(r, 2)
  local size, size_range = number(r, 4)
  return id, size, start, id_range, size_range
end

function read.union(r, ty, name)
  local def = ty.of
  group(r, name .. " (" .. def.name .. ")", function()
    local id, size, start, id_range, size_range = header(r)
    if size > def.max then
      fault(r, "union-length", start, size .. ", where " .. def.max .. " is the most allowed")
    end
    announced(r, size)
    local variant = def.variants[id]
    if not variant and id % 2 == 0 then
      fault(r, "unknown-critical", start, "variant " .. id .. " is critical and unknown")
    end
    add_le(r, variant and f_record_id or f_unknown_id, id_range)
    add_le(r, f_record_len, size_range)
    if variant then
      local stop, path = r.stop, r.path
      r.stop, r.path = r.pos + size, path .. "." .. variant.name
      group(r, variant.name, function() read_body(r, variant.body, true) end)
      r.stop, r.path = stop, path
    else
      add(r, f_unknown_value, take(r, size))
    end
  end)
  return {}
end

local function holds(rule, found)
  if rule.min_key then
    return not less(found.key, rule.min_key) and not less(rule.max_key, found.key)
  elseif rule.min then
    -- NaN is in no range.
    return found.number >= rule.min and found.number <= rule.max
  end
  return rule.lengths and rule.lengths[found.len] or not rule.lengths and found.len > 0
end

local function read_field(r, field)
  local path, start = r.path, r.pos
  r.path = path .. "." .. field.name
  local found = value(r, field.ty, field.name)
  if field.rule and not holds(field.rule, found) then
    fault(r, "constraint", start, field.rule.text .. " is wanted")
  end
  r.path = path
end

local function read_tail(r, body)
  local last
  while r.pos < r.stop do
    local id, size, start, id_range, size_range = header(r)
    announced(r, size)
    if last and id == last then
      fault(r, "tail-duplicate", start, "tail record " .. id .. " stands twice")
    elseif last and id < last then
      fault(r, "tail-order", start, "tail record " .. id .. " after " .. last)
    end
    last = id
    local field = body.tail[id]
    if not field and id % 2 == 0 then
      fault(r, "unknown-critical", start, "tail record " .. id .. " is critical and unknown")
    end
    add_le(r, field and f_record_id or f_unknown_id, id_range)
    add_le(r, f_record_len, size_range)
    if field then
      local stop = r.stop
      r.stop = r.pos + size
      read_field(r, field)
      if r.pos < r.stop then
        r.path = r.path .. "." .. field.name
        fault(r, "trailing-bytes", r.pos, (r.stop - r.pos) .. " bytes left in record " .. id)
      end
      r.stop = stop
    else
      add(r, f_unknown_value, take(r, size))
    end
  end
end

function read_body(r, body, has_tail)
  for _, field in ipairs(body.head) do read_field(r, field) end
  if has_tail then read_tail(r, body) end
end
