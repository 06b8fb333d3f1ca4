// A session of the TypeScript SDK v1 from its opening to its end, on a server that asks for every request who calls.
// Usage: node sessions.mjs '{"url": ..., "key": ..., "control": address of the sandbox's key control}'; prints one JSON line.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

const { url, key, control } = JSON.parse(process.argv[2]);
const errors = [];
let streamOpened, toolsChanged;
const stream = new Promise((resolve) => (streamOpened = resolve));
const change = new Promise((resolve) => (toolsChanged = resolve));

const transport = new StreamableHTTPClientTransport(new URL(url), {
  requestInit: { headers: { 'X-Api-Key': key } },
  fetch: async (target, init) => {
    const answer = await fetch(target, init);
    if (init.method === 'GET') streamOpened(answer.status);
    return answer;
  },
});
const client = new Client({ name: 'foreign-v1', version: '1.0.0' });
client.onerror = (error) => errors.push(String(error));
client.setNotificationHandler(ToolListChangedNotificationSchema, () => toolsChanged(true));
await client.connect(transport);
const session = transport.sessionId;
const listening = await stream;
const before = (await client.listTools()).tools.length;
await fetch(control, { method: 'POST', body: JSON.stringify({ key, role: 'member' }) });
const after = (await client.listTools()).tools.length;
const told = await change;
await transport.terminateSession();
transport._sessionId = session; // as a client that missed the end
const gone = await client.listTools().then(() => 200, (error) => error.code);
await client.close();
console.log(JSON.stringify({ session, listening, before, after, told, gone, errors }));
