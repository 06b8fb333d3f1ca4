// A client of the TypeScript SDK v1 over HTTP; `stream` is the status of the stream of notifications that it opens.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

export function clientOf(url, key) {
  const errors = [];
  let streamOpened;
  const stream = new Promise((resolve) => (streamOpened = resolve));
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
  return { client, transport, stream, errors };
}
