// An OpenID provider for the tests, on loopback: oidc-provider with accounts and groups that a
// test changes over /control. Whoever comes is signed in at once as the account that the test
// named; claims but `sub` are in userinfo alone, as the standard has it by default.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const accounts = new Map();
let current = null;
let provider = null;
let issuer = null;

function start(redirectUris) {
  const made = new Provider(issuer, {
    clients: [{ client_id: 'tamis', client_secret: 'a secret of the tests', redirect_uris: redirectUris }],
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['preferred_username'],
      groups: ['groups'],
    },
    cookies: { keys: ['a key of the tests'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts.get(id) }) }),
    // Nobody is asked for consent.
    async loadExistingGrant(context) {
      const { client, session } = context.oidc;
      const grant = new context.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid email profile groups');
      await grant.save();
      return grant;
    },
  });
  return made;
}

async function body(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return JSON.parse(text || '{}');
}

async function control(request, response) {
  const given = await body(request);
  if (request.url === '/control/start') provider = start(given.redirect_uris);
  if (request.url === '/control/account') {
    const { sub, ...claims } = given;
    accounts.set(sub, claims);
    current = sub;
  }
  response.writeHead(204).end();
}

const server = createServer(async (request, response) => {
  try {
    if (request.url.startsWith('/control/')) return await control(request, response);
    if (request.url.startsWith('/interaction/')) {
      const result = { login: { accountId: current } };
      return await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
    }
    return await provider.callback()(request, response);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});

server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  console.log(`ready ${issuer}`);
});
// The test that started it holds its standard input; when the test goes, so does this.
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
