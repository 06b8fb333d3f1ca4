// The TypeScript SDK v1 subscribes to a resource in a session over HTTP and is told when a call changed it.
// Usage: node subscriptions.mjs '{"url": ..., "key": ..., "uri": ..., "call": [tool, arguments]}'; prints one JSON line.
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { clientOf } from './http-client.mjs';

const { url, key, uri, call } = JSON.parse(process.argv[2]);
const told = [];
let heard;
const { client, transport, stream, errors } = clientOf(url, key);
client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
  told.push(params.uri);
  heard();
});

async function change() {
  await client.callTool({ name: call[0], arguments: call[1] });
}

await client.connect(transport);
const listening = await stream;
const offered = client.getServerCapabilities().resources.subscribe;
await change(); // nobody asked yet
for (let round = 0; round < 2; round += 1) {
  const next = new Promise((resolve) => (heard = resolve));
  await client.subscribeResource({ uri });
  await change();
  await next;
  await client.unsubscribeResource({ uri });
  await change(); // nobody asks any more
}
const refused = await client.subscribeResource({ uri: `${uri}/nothing` }).then(() => 0, (error) => error.code);
await transport.terminateSession();
await client.close();
console.log(JSON.stringify({ listening, offered, told, refused, errors }));
