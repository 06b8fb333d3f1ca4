// TypeScript SDK v2 with its own client_credentials provider. Usage: node credentials.mjs '{"url", "issuer", "tenant", "secret", "calls"}'.
import { Client, ClientCredentialsProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const { url, issuer, tenant, secret, calls } = JSON.parse(process.argv[2]);
const authProvider = new ClientCredentialsProvider({ clientId: tenant, clientSecret: secret, expectedIssuer: issuer });
const client = new Client({ name: 'foreign-credentials', version: '1.0.0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
try {
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider }));
  const { tools } = await client.listTools();
  const results = [];
  for (const [name, args] of calls) results.push(await client.callTool({ name, arguments: args }));
  console.log(JSON.stringify({ tokens: authProvider.tokens(), tools: tools.map((tool) => tool.name), results }));
  await client.close();
} catch (error) {
  console.log(JSON.stringify({ refused: error.message, tokens: authProvider.tokens() ?? null }));
}
