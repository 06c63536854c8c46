-- Replays the requests of a file, which are separated by zero bytes, in turn. In those of a writing workload every
-- "@@@@@@@@" becomes a number that no other request has.
-- Arguments: file, "unique" or "same".
local requests, sent, unique = {}, 0, false

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for one in (file:read("*a") .. "\0"):gmatch("([^%z]+)%z") do requests[#requests + 1] = one end
  file:close()
  unique = args[2] == "unique"
end

function request()
  sent = sent + 1
  local one = requests[1 + sent % #requests]
  if unique then one = one:gsub("@@@@@@@@", string.format("%08d", sent)) end
  return one
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('@{"Requests":%d,"Micros":%d,"Bytes":%d,"P50":%.3f,"P99":%.3f,"Errors":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.status + e.connect + e.read + e.write + e.timeout))
end
