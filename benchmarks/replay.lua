-- wrk's script: sends the requests of a file in turn, round and round, and says what happened in one line.
-- The file holds whole requests, one after the other. A file with one request is left to wrk itself, which sends it faster
-- than any script could.

local requests, at = {}, 0

local function next_request()
  at = at % #requests + 1
  return requests[at]
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for one in file:read("*a"):gmatch("(.-\r\n\r\n)") do
    requests[#requests + 1] = one
  end
  file:close()
  if #requests == 0 then
    error("no request in " .. args[1])
  end
end

-- wrk looks for this name once, before any thread runs
if os.getenv("REPLAY") == "many" then
  request = next_request
else
  wrk.format = function()
    return requests[1]
  end
end

function done(summary, latency, _)
  local e = summary.errors
  print(string.format(
    "RESULT duration=%d requests=%d bytes=%d connect=%d read=%d write=%d status=%d timeout=%d p50=%d p99=%d max=%d",
    summary.duration, summary.requests, summary.bytes,
    e.connect, e.read, e.write, e.status, e.timeout,
    latency:percentile(50), latency:percentile(99), latency.max
  ))
end
