-- The dissector: frames out of a TCP stream.

local protocol = Proto(PROTOCOL, PROTOCOL_TITLE)

local message_names = {}
for id, message in pairs(messages) do message_names[id] = message.name end
f_id = declare("uint16", "message", "Message", base.HEX, message_names)

protocol.fields = fields

local e_malformed = ProtoExpert.new(
  PROTOCOL .. ".malformed", "Malformed", expert.group.MALFORMED, expert.severity.ERROR)
local e_unknown = ProtoExpert.new(
  PROTOCOL .. ".unknown", "Unknown message", expert.group.UNDECODED, expert.severity.NOTE)
local e_cut = ProtoExpert.new(
  PROTOCOL .. ".cut", "Not all is shown", expert.group.UNDECODED, expert.severity.WARN)
protocol.experts = { e_malformed, e_unknown, e_cut }

protocol.prefs.port = Pref.uint("TCP port", 0, "Port of the protocol; 0 leaves it to what is sent")

local function mark_fault(tree, range, found)
  local item = tree:add_proto_expert_info(
    e_malformed,
    found.class .. " at byte " .. found.offset .. " of the value: " .. found.path .. ": " .. found.detail)
  tree:add(f_fault_class, range, found.class):set_generated()
  tree:add(f_fault_offset, range, found.offset):set_generated()
  tree:add(f_fault_path, range, found.path):set_generated()
  return item
end

-- Reads a value of `size` bytes at `base`; returns the reader, and the fault if there is one.
-- `items` are in the packet's tree already.
local function read_value(tvb, base, size, message, tree, items)
  local r = {
    tvb = tvb, pos = base, base = base, stop = base + size,
    tree = tree, items = items, path = message.name, depth = 0, summary = {},
  }
  if size > message.max then
    local detail = size .. " bytes, where " .. message.max .. " are the most allowed"
    return r, { class = "too-long", offset = 0, path = message.name, detail = detail }
  end
  local right, found = pcall(read_body, r, message.body, true)
  if right then return r end
  if type(found) ~= "table" then error(found, 0) end
  return r, found
end

-- One whole frame; returns what to show of it in the info column, and the items in the tree then.
local function frame(tvb, start, size, tree, items)
  local id = tvb(start, 2):le_uint()
  local message = messages[id]
  local range = tvb(start, HEADER_LEN + size)
  local top = tree:add(protocol, range)
  top:add_le(f_id, tvb(start, 2))
  top:add_le(f_len, tvb(start + 2, 4))
  if not message then
    local critical = id % 2 == 0 and "critical" or "may be skipped"
    local name = string.format("unknown message 0x%04x (%s)", id, critical)
    top:set_text(PROTOCOL_TITLE .. ", " .. name)
    top:add(f_unknown_value, tvb(start + HEADER_LEN, size))
    top:add_proto_expert_info(e_unknown, name)
    return name, items
  end
  top:set_text(PROTOCOL_TITLE .. ", " .. message.name .. ", " .. size .. " bytes")
  local r, found = read_value(tvb, start + HEADER_LEN, size, message, top, items)
  if r.items > ITEMS_MAX then
    top:add_proto_expert_info(e_cut, "Not all is shown: the packet has too many fields")
  end
  local text = message.name
  if #r.summary > 0 then text = text .. "(" .. table.concat(r.summary, " ") .. ")" end
  if found then
    mark_fault(top, range, found)
    text = text .. " [malformed: " .. found.class .. "]"
  end
  return text, math.min(r.items, ITEMS_MAX)
end

function protocol.dissector(tvb, pinfo, tree)
  pinfo.cols.protocol = PROTOCOL_TITLE
  local shown, start, items = {}, 0, 0
  while start < tvb:len() do
    local left = tvb:len() - start
    if left < HEADER_LEN then
      pinfo.desegment_offset = start
      pinfo.desegment_len = DESEGMENT_ONE_MORE_SEGMENT
      break
    end
    local id, size = tvb(start, 2):le_uint(), tvb(start + 2, 4):le_uint()
    local message = messages[id]
    local max = message and message.max or UNKNOWN_MAX_LEN
    if size > max then
      -- No reader goes on from here: where the next frame begins is not known.
      local name = message and message.name or string.format("message 0x%04x", id)
      local top = tree:add(protocol, tvb(start))
      top:add_le(f_id, tvb(start, 2))
      top:add_le(f_len, tvb(start + 2, 4))
      local detail = size .. " bytes announced, where " .. max .. " are the most allowed"
      mark_fault(top, tvb(start), { class = "too-long", offset = 0, path = name, detail = detail })
      shown[#shown + 1] = name .. " [malformed: too-long]"
      start = tvb:len()
    elseif left < HEADER_LEN + size then
      pinfo.desegment_offset = start
      pinfo.desegment_len = HEADER_LEN + size - left
      break
    else
      shown[#shown + 1], items = frame(tvb, start, size, tree, items)
      start = start + HEADER_LEN + size
    end
  end
  if #shown > 0 then
    pinfo.cols.info:set(table.concat(shown, ", "))
    pinfo.cols.info:append(" ")
    pinfo.cols.info:fence()
  end
  return tvb:len()
end

-- Takes a connection over if it begins as one of this protocol: with its `Hello`.
local function heuristic(tvb, pinfo, tree)
  for _, mark in ipairs(beginning) do
    local size = #mark.bytes
    if tvb:len() < mark.place + size then return false end
    if tvb(mark.place, size):raw() ~= mark.bytes then return false end
  end
  pinfo.conversation = protocol
  protocol.dissector(tvb, pinfo, tree)
  return true
end

local ports = DissectorTable.get("tcp.port")
local port = 0

function protocol.prefs_changed()
  if port ~= 0 then ports:remove(port, protocol) end
  port = protocol.prefs.port
  if port ~= 0 then ports:add(port, protocol) end
end

ports:add_for_decode_as(protocol)
protocol:register_heuristic("tcp", heuristic)
