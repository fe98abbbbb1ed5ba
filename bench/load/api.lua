-- What wrk asks of the API: `wrk ... -s api.lua URL -- MODE AUTHORIZATION IDS_FILE`.
-- MODE is `twin` (GET a unit's twin), `desired` (PUT its desired state, another value each time),
-- `command` (POST an action and wait until the unit has done it), `commands` (the same of `MANY` units in one request) or
-- `list` (GET units, filtered). Answers that are no success are counted by wrk, items of `commands` here.
local ids, mode, authorization, count = {}, "twin", "", 0
local MANY = 50
local threads = {}
undone = 0

function setup(thread) threads[#threads + 1] = thread end

function init(arguments)
  mode, authorization = arguments[1], arguments[2]
  for line in io.lines(arguments[3]) do ids[#ids + 1] = line end
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = authorization
  if mode == "commands" then response = look_at_items end
end

function look_at_items(status, headers, body)
  local _, succeeded = body:gsub('"status":"succeeded"', "")
  undone = undone + MANY - succeeded
end

function done(summary, latency, requests)
  local found = 0
  for _, thread in ipairs(threads) do found = found + thread:get("undone") end
  io.write("Items not done: " .. found .. "\n")
end

local filters = {
  "product=load&text=L00", "online=true&sort=-serial", "sort=product,-serial&version=1.0.0", "serial_prefix=L001",
  "online=false&text=9", "claimed=false&sort=name,serial", "fields=id,serial,status&sort=-updated_at",
}

local requests = {
  twin = function(id) return wrk.format("GET", "/api/v1/units/" .. id .. "/twin") end,
  desired = function(id)
    return wrk.format("PUT", "/api/v1/units/" .. id .. "/twin/desired", nil, '{"power":' .. count .. "}")
  end,
  command = function(id)
    local body = '{"by":' .. count % 360 .. "}"
    return wrk.format("POST", "/api/v1/units/" .. id .. "/actions/turn?wait=10&answer=output", nil, body)
  end,
  commands = function()
    local items = {}
    for number = 1, MANY do
      local id = ids[(count * MANY + number) % #ids + 1]
      items[number] = '{"unit":"' .. id .. '","action":"turn","input":{"by":' .. number .. "}}"
    end
    return wrk.format("POST", "/api/v1/commands?wait=10", nil, '{"items":[' .. table.concat(items, ",") .. "]}")
  end,
  list = function() return wrk.format("GET", "/api/v1/units?limit=100&" .. filters[count % #filters + 1]) end,
}

function request()
  count = count + 1
  return requests[mode](ids[count % #ids + 1])
end
