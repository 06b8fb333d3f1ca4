// The TypeScript SDK's server with the same tools over the same upstream; it checks no arguments.
// node server.mjs FOLDER PORT UPSTREAM
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';

const [folder, port, upstream] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
const { tools } = read('tools.json');

const operations = new Map();
for (const [path, methods] of Object.entries(read('openapi.json').paths)) {
  for (const [method, { operationId, parameters = [] }] of Object.entries(methods)) {
    const inPath = new Set(parameters.filter((each) => each.in === 'path').map((each) => each.name));
    operations.set(operationId, { method: method.toUpperCase(), path, inPath });
  }
}

async function ask({ method, path, inPath }, given) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(given[name]));
  const rest = Object.entries(given).filter(([name]) => !inPath.has(name));
  if (!rest.length) return fetch(upstream + filled, { method });
  if (method === 'GET' || method === 'DELETE') {
    return fetch(`${upstream}${filled}?${new URLSearchParams(rest)}`, { method });
  }
  const headers = { 'content-type': 'application/json' };
  return fetch(upstream + filled, { method, headers, body: JSON.stringify(Object.fromEntries(rest)) });
}

function make() {
  const server = new Server({ name: 'peer', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', async () => ({ tools }));
  server.setRequestHandler('tools/call', async ({ params }) => {
    const answer = await ask(operations.get(params.name), params.arguments ?? {});
    const text = await answer.text();
    return { content: [{ type: 'text', text }], structuredContent: JSON.parse(text) };
  });
  return server;
}

const handle = toNodeHandler(createMcpHandler(make));
createServer((request, response) => handle(request, response)).listen(Number(port), '127.0.0.1');
