-- Reading: a cursor `r` in nested regions, which adds what it reads to the tree. A fault is thrown
-- as a table with the class, the offset and the path that `spec/WIRE.md` defines.

local HEADER_LEN = 6
local UNKNOWN_MAX_LEN = 65536

local fields = {}

local function declare(kind, abbr, name, ...)
  local field = ProtoField[kind](PROTOCOL .. "." .. abbr, name, ...)
  fields[#fields + 1] = field
  return field
end

local f_id -- declared once the messages' names are known
local f_len = declare("uint32", "message.len", "Length", base.DEC)
local f_unknown_value = declare("bytes", "unknown.value", "Unknown value")
local f_unknown_id = declare("uint16", "unknown.id", "Unknown record", base.DEC)
local f_record_id = declare("uint16", "record.id", "Record", base.DEC)
local f_record_len = declare("uint32", "record.len", "Length", base.DEC)
local f_fault_class = declare("string", "fault.class", "Fault")
local f_fault_offset = declare("uint32", "fault.offset", "Offset of the fault in the value", base.DEC)
local f_fault_path = declare("string", "fault.path", "Where the fault is")

local function fault(r, class, offset, detail)
  error({ class = class, offset = offset - r.base, path = r.path, detail = detail }, 0)
end

local function add(r, field, range, ...)
  if r.tree then return r.tree:add(field, range, ...) end
end

local function add_le(r, field, range)
  if r.tree then return r.tree:add_le(field, range) end
end

-- Runs `work` one level deeper in the tree, under `label`.
local function group(r, label, work)
  if not r.tree then return work() end
  local outer, start = r.tree, r.pos
  r.tree = outer:add(r.tvb(start, 0), label)
  r.depth = r.depth + 1
  work()
  r.tree:set_len(r.pos - start)
  r.depth = r.depth - 1
  r.tree = outer
end

local function announced(r, size)
  if size > r.stop - r.pos then
    local detail = size .. " bytes wanted, " .. (r.stop - r.pos) .. " left"
    fault(r, "truncated", r.pos, detail)
  end
end

-- The next `size` bytes, as a range of the packet.
local function take(r, size)
  announced(r, size)
  local range = r.tvb(r.pos, size)
  r.pos = r.pos + size
  return range
end

-- A little-endian number of up to four bytes.
local function number(r, size)
  local range = take(r, size)
  return range:le_uint(), range
end

local function raw(range)
  return range:len() == 0 and "" or range:raw()
end

-- Less in the order of bytes; the strings' own `<` depends on the locale.
local function less(left, right)
  for index = 1, math.min(#left, #right) do
    local a, b = left:byte(index), right:byte(index)
    if a ~= b then return a < b end
  end
  return #left < #right
end

-- A string of bytes that sorts as the little-endian number does.
local function sortable(bytes, signed)
  local big = bytes:reverse()
  if signed then
    local top = big:byte(1)
    big = string.char(top < 128 and top + 128 or top - 128) .. big:sub(2)
  end
  return big
end

-- Decimal digits of a little-endian number of any size: Lua's own numbers end at 2^53.
local function decimal(bytes, signed)
  local digits, negative = { 0 }, signed and bytes:byte(-1) >= 128
  local carry_in = 1
  for index = #bytes, 1, -1 do
    local carry = bytes:byte(index)
    if negative then carry = 255 - carry end
    for at = 1, #digits do
      local value = digits[at] * 256 + carry
      digits[at] = value % 10
      carry = math.floor(value / 10)
    end
    while carry > 0 do
      digits[#digits + 1] = carry % 10
      carry = math.floor(carry / 10)
    end
  end
  if negative then
    for at = 1, #digits do
      digits[at] = digits[at] + carry_in
      carry_in = digits[at] == 10 and 1 or 0
      digits[at] = digits[at] % 10
    end
    if carry_in == 1 then digits[#digits + 1] = 1 end
  end
  return (negative and "-" or "") .. table.concat(digits):reverse()
end

-- Where a text stops being UTF-8, from 0; nil where it does not.
local function ill_formed(text)
  local at, len = 1, #text
  while at <= len do
    local first = text:byte(at)
    local more, low, high = 0, 0x80, 0xbf
    if first < 0x80 then more = 0
    elseif first >= 0xc2 and first <= 0xdf then more = 1
    elseif first == 0xe0 then more, low = 2, 0xa0
    elseif first == 0xed then more, high = 2, 0x9f
    elseif first >= 0xe1 and first <= 0xef then more = 2
    elseif first == 0xf0 then more, low = 3, 0x90
    elseif first >= 0xf1 and first <= 0xf3 then more = 3
    elseif first == 0xf4 then more, high = 3, 0x8f
    else return at - 1 end
    for index = 1, more do
      local byte = text:byte(at + index)
      if not byte or byte < low or byte > high then return at - 1 end
      low, high = 0x80, 0xbf
    end
    at = at + 1 + more
  end
end

-- Shows a message's first fields in the info column.
local function summarise(r, name, text)
  if r.depth == 0 and #r.summary < 3 then
    if #text > 40 then text = text:sub(1, 37) .. "..." end
    r.summary[#r.summary + 1] = name .. "=" .. text:gsub("[%c\128-\255]", ".")
  end
end

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
  elseif r.tree then
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

local function label(item, text)
  if item then item:prepend_text(text .. " ") end
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
  add_le(r, ty.field, range)
  if r.tree then
    local bytes, names = raw(range), {}
    for bit, bit_name in pairs(ty.of.bits) do
      local byte = bytes:byte(math.floor(bit / 8) + 1)
      if math.floor(byte / 2 ^ (bit % 8)) % 2 == 1 then names[#names + 1] = bit_name end
    end
    table.sort(names)
    r.tree:add(range, name .. ": " .. (#names > 0 and table.concat(names, ", ") or "none"))
  end
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

-- Declares the filters of a type; `abbr` is the filter of the field that has it.
local function declare_type(ty, abbr, name)
  local kind = ty.kind
  local signed = ty.signed and "int" or "uint"
  if kind == "bool" then ty.field = declare("bool", abbr, name)
  elseif kind == "int" and ty.size == 16 then ty.field = declare("string", abbr, name)
  elseif kind == "int" then ty.field = declare(signed .. ty.size * 8, abbr, name, base.DEC)
  elseif kind == "float" then
    ty.field = declare(ty.size == 4 and "float" or "double", abbr, name)
  elseif kind == "str" or kind == "bytes" then
    ty.field = declare(kind == "str" and "string" or "bytes", abbr, name)
    ty.len_field = declare("uint32", abbr .. ".len", name .. " length", base.DEC)
  elseif kind == "list" or kind == "array" then
    if kind == "list" then
      ty.len_field = declare("uint32", abbr .. ".count", name .. " count", base.DEC)
    end
    declare_type(ty.elem, abbr, name)
  elseif kind == "map" then
    ty.len_field = declare("uint32", abbr .. ".count", name .. " count", base.DEC)
    declare_type(ty.key, abbr .. ".key", name .. " key")
    declare_type(ty.value, abbr .. ".value", name .. " value")
  elseif kind == "opt" then
    ty.present_field = declare("bool", abbr .. ".present", name .. " present")
    declare_type(ty.inner, abbr, name)
  elseif kind == "ip" or kind == "socket_addr" then
    ty.ip4_field = declare("ipv4", abbr .. ".ip4", name)
    ty.ip6_field = declare("ipv6", abbr .. ".ip6", name)
    if kind == "socket_addr" then
      ty.port_field = declare("uint16", abbr .. ".port", name .. " port", base.DEC)
    end
  elseif kind == "uuid" then ty.field = declare("guid", abbr, name)
  elseif kind == "enum" then
    ty.field = declare("uint" .. ty.of.size * 8, abbr, name, base.DEC, ty.of.names)
  elseif kind == "flags" then
    ty.field = declare("uint" .. ty.of.size * 8, abbr, name, base.HEX)
  end
end

local function declare_body(body, abbr)
  local function one(field) declare_type(field.ty, abbr .. "." .. field.name, field.name) end
  for _, field in ipairs(body.head) do one(field) end
  for _, field in pairs(body.tail) do one(field) end
end
