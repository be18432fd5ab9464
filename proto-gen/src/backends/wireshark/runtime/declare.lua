-- Declares the filters of a type; `abbr` is the filter of the field that has it, `doc` what it is.
local function declare_type(ty, abbr, name, doc)
  local function number(kind, abbr, name, names)
    return declare(kind, abbr, name, base.DEC, names, nil, doc)
  end
  local kind = ty.kind
  if kind == "bool" then ty.field = declare("bool", abbr, name, base.NONE, nil, nil, doc)
  elseif kind == "int" and ty.size == 16 then
    ty.field = declare("string", abbr, name, base.NONE, doc)
  elseif kind == "int" then
    ty.field = number((ty.signed and "int" or "uint") .. ty.size * 8, abbr, name)
  elseif kind == "float" then
    ty.field = declare(ty.size == 4 and "float" or "double", abbr, name, doc)
  elseif kind == "duration" then ty.field = declare("relative_time", abbr, name, doc)
  elseif kind == "timestamp" then
    ty.field = declare("absolute_time", abbr, name, base.UTC, doc)
  elseif kind == "str" or kind == "bytes" then
    ty.field = declare(kind == "str" and "string" or "bytes", abbr, name, base.NONE, doc)
    ty.len_field = number("uint32", abbr .. ".len", name .. " length")
  elseif kind == "list" or kind == "array" then
    if kind == "list" then
      ty.len_field = number("uint32", abbr .. ".count", name .. " count")
    end
    declare_type(ty.elem, abbr, name, doc)
  elseif kind == "map" then
    ty.len_field = number("uint32", abbr .. ".count", name .. " count")
    declare_type(ty.key, abbr .. ".key", name .. " key", doc)
    declare_type(ty.value, abbr .. ".value", name .. " value", doc)
  elseif kind == "opt" then
    ty.present_field = declare(
      "bool", abbr .. ".present", name .. " present", base.NONE, nil, nil, doc)
    declare_type(ty.inner, abbr, name, doc)
  elseif kind == "ip" or kind == "socket_addr" then
    ty.ip4_field = declare("ipv4", abbr .. ".ip4", name, doc)
    ty.ip6_field = declare("ipv6", abbr .. ".ip6", name, doc)
    if kind == "socket_addr" then
      ty.port_field = number("uint16", abbr .. ".port", name .. " port")
    end
  elseif kind == "uuid" then ty.field = declare("guid", abbr, name, doc)
  elseif kind == "enum" then
    ty.field = number("uint" .. ty.of.size * 8, abbr, name, ty.of.names)
  elseif kind == "flags" then
    ty.field = declare("uint" .. ty.of.size * 8, abbr, name, base.HEX, nil, nil, doc)
    ty.bit_fields = {}
    for index, bit in ipairs(ty.of.bits) do
      ty.bit_fields[index] = declare(
        "bool", abbr .. "." .. bit.filter, bit.name, base.NONE, nil, nil, bit.doc)
    end
  end
end

local function declare_body(body, abbr)
  local function one(field)
    declare_type(field.ty, abbr .. "." .. field.name, field.name, field.doc)
  end
  for _, field in ipairs(body.head) do one(field) end
  for _, field in pairs(body.tail) do one(field) end
end
