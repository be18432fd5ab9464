-- Reading: a cursor `r` in nested regions, which adds what it reads to the tree. A fault is thrown
-- as a table with the class, the offset and the path that `spec/WIRE.md` defines.

local HEADER_LEN = 6
local UNKNOWN_MAX_LEN = 65536
-- Wireshark takes more than a million items in a packet's tree for a mistake of the dissector.
local ITEMS_MAX = 900000

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

-- Whether there is a tree, and one more item has room in it.
local function room(r)
  r.items = r.items + 1
  return r.tree and r.items <= ITEMS_MAX
end

local function add(r, field, range, ...)
  if room(r) then return r.tree:add(field, range, ...) end
end

local function add_le(r, field, range)
  if room(r) then return r.tree:add_le(field, range) end
end

-- Runs `work` one level deeper in the tree, under `label`.
local function group(r, label, work)
  local outer, start = r.tree, r.pos
  if room(r) then r.tree = outer:add(r.tvb(start, 0), label) end
  r.depth = r.depth + 1
  work()
  if r.tree ~= outer then r.tree:set_len(r.pos - start) end
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
    if #text > 40 then
      local last = 37
      -- Not within a letter: its bytes from the second on are 0x80 to 0xbf.
      while text:byte(last + 1) >= 0x80 and text:byte(last + 1) < 0xc0 do last = last - 1 end
      text = text:sub(1, last) .. "..."
    end
    r.summary[#r.summary + 1] = name .. "=" .. text:gsub("%c", ".")
  end
end
