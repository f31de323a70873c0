-- Asks Keywright about every request. See haproxy.cfg.

-- Keywright says these of a caller; a caller does not.
local identity = {
  'x-key-id', 'x-organization-id', 'x-project-id', 'x-user-id',
  'x-permissions', 'x-namespaces', 'x-triggered-by', 'x-request-id',
}
local credentials = { 'authorization', 'x-api-key' }
-- By these an upstream could be told another method, path or address than was judged.
local steering = {
  'forwarded', 'x-real-ip', 'x-client-ip', 'x-cluster-client-ip', 'true-client-ip', 'x-rewrite-url', 'x-http-method',
  'x-http-method-override', 'x-method-override', 'x-auth-status', 'proxy',
}
local steering_prefixes = { 'x-forwarded-', 'x-original-', 'x-middleware-' }
-- Of this connection alone, or a caller's idea of what is to be judged.
local withheld = {
  ['host'] = true, ['connection'] = true, ['content-length'] = true, ['transfer-encoding'] = true, ['expect'] = true,
  ['upgrade'] = true, ['te'] = true, ['keep-alive'] = true, ['x-original-method'] = true, ['x-original-uri'] = true,
  ['x-forwarded-method'] = true, ['x-forwarded-uri'] = true, ['x-forwarded-for'] = true,
}

-- What a caller may not tell the upstream, under any spelling: `x_key_id` is `x-key-id` to some servers.
local function is_dropped(name)
  local spelled = name:gsub('[^a-z0-9]', '-')
  for _, list in ipairs({ identity, credentials, steering }) do
    for _, known in ipairs(list) do
      if spelled == known then return true end
    end
  end
  for _, prefix in ipairs(steering_prefixes) do
    if spelled:sub(1, #prefix) == prefix then return true end
  end
  return false
end

core.register_action('keywright', { 'http-req' }, function(txn, url)
  local asked = {}
  for name, values in pairs(txn.http:req_get_headers()) do
    if not withheld[name] then
      asked[name] = {}
      for i = 0, #values do
        if values[i] ~= nil then table.insert(asked[name], values[i]) end
      end
    end
    if is_dropped(name) then txn.http:req_del_header(name) end
  end
  local target = txn.f:pathq()
  asked['x-forwarded-method'] = { txn.f:method() }
  asked['x-forwarded-uri'] = { target }
  asked['x-forwarded-for'] = { txn.f:src() }

  local answer = core.httpclient():get({ url = url, headers = asked, timeout = 5000 })
  if answer and answer.status == 200 then
    -- Of `http:///a/b` some read `/b`: the upstream gets what was judged, and nothing in front of it.
    txn.http:req_set_uri(target)
    -- What it names, the next hop takes away, also what Keywright says. Of upgrades only WebSockets pass: nobody judges the
    -- requests inside of a connection that became HTTP/2.
    local is_websocket = (txn.f:req_hdr('upgrade') or ''):lower() == 'websocket'
    txn.http:req_del_header('connection')
    txn.http:req_del_header('upgrade')
    if is_websocket then
      txn.http:req_set_header('connection', 'Upgrade')
      txn.http:req_set_header('upgrade', 'websocket')
    end
    for _, name in ipairs(identity) do
      local values = answer.headers[name]
      if values then txn.http:req_set_header(name, values[0]) end
    end
    txn:set_var('txn.keywright_allowed', true)
    return
  end
  -- Without an answer the line after this one in the configuration refuses.
  if not answer or not answer.status or answer.status == 0 then return end
  local reply = txn:reply({ status = answer.status })
  for _, name in ipairs({ 'content-type', 'cache-control', 'www-authenticate', 'retry-after', 'allow', 'x-request-id' }) do
    local values = answer.headers[name]
    if values then reply:add_header(name, values[0]) end
  end
  reply:set_body(answer.body or '')
  txn:done(reply)
end, 1)
