// A host that calls what it is told to. Usage: node steps.mjs '{"sdk": "v1"|"v2", "command": [...]}'; each line of stdin
// is [name, arguments], each line of stdout the result; the first line of stdout are the names of the tools.
import { createInterface } from 'node:readline';

const { sdk, command } = JSON.parse(process.argv[2]);
const packages = {
  v1: ['@modelcontextprotocol/sdk/client/index.js', '@modelcontextprotocol/sdk/client/stdio.js'],
  v2: ['@modelcontextprotocol/client', '@modelcontextprotocol/client/stdio'],
};
const [{ Client }, { StdioClientTransport }] = await Promise.all(packages[sdk].map((name) => import(name)));
const options = sdk === 'v2' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {};
const client = new Client({ name: `foreign-${sdk}`, version: '1.0.0' }, options);
await client.connect(new StdioClientTransport({ command: command[0], args: command.slice(1), env: process.env }));
const { tools } = await client.listTools();
console.log(JSON.stringify(tools.map((tool) => tool.name)));
for await (const line of createInterface({ input: process.stdin })) {
  const [name, args] = JSON.parse(line);
  console.log(JSON.stringify(await client.callTool({ name, arguments: args })));
}
await client.close();
