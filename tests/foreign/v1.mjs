// TypeScript SDK v1 (handshake era). Usage: node v1.mjs '{"url"|"command": ..., "headers": {...}, "environment": {...}, "calls": [[name, arguments], ...]}'; prints one JSON line.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const { url, command, headers, environment, calls } = JSON.parse(process.argv[2]);
const transport = url
  ? new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
  : new StdioClientTransport({ command: command[0], args: command.slice(1), env: { ...process.env, ...environment } });
const client = new Client({ name: 'foreign-v1', version: '1.0.0' });
await client.connect(transport);
const { tools } = await client.listTools();
const results = [];
for (const [name, args] of calls) results.push(await client.callTool({ name, arguments: args }));
console.log(JSON.stringify({ protocol: transport.protocolVersion, tools: tools.map((tool) => tool.name), results }));
await client.close();
