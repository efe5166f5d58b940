-- Each request is the next line of REQUESTS: path, a tab, headers as name=value with tabs between, two tabs, the body.
local requests, at = {}, 0

function init(args)
  local method = os.getenv("METHOD") or "POST"
  for line in io.lines(os.getenv("REQUESTS")) do
    local head, body = line:match("^(.-)\t\t(.*)$")
    local path, named = head:match("^([^\t]*)\t?(.*)$")
    local headers = {}
    for name, value in named:gmatch("([^\t=]+)=([^\t]*)") do headers[name] = value end
    requests[#requests + 1] = wrk.format(method, path, headers, (body:gsub("\\n", "\n")))
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
