// A session of the TypeScript SDK v1 from its opening to its end, on a server that asks for every request who calls.
// Usage: node sessions.mjs '{"url": ..., "key": ..., "control": address of the sandbox's key control}'; prints one JSON line.
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { clientOf } from './http-client.mjs';

const { url, key, control } = JSON.parse(process.argv[2]);
let toolsChanged;
const change = new Promise((resolve) => (toolsChanged = resolve));
const { client, transport, stream, errors } = clientOf(url, key);
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
