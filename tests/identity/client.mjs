// An OpenID client that is not ours, against Tamis. Prints `visit URL` and `type CODE` for the person,
// reads where the person was sent, and prints a line for everything that went well.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import * as openid from 'openid-client'

const { TAMIS_URL, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, DIGEST } = process.env
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const insecure = { execute: [openid.allowInsecureRequests] }
const server = new URL(TAMIS_URL)

function check(ok, what) {
  if (!ok) throw new Error(what)
}

async function fetchModule(token) {
  for (const path of ['/api/v1/filters/alice/private/releases/1.0.0/module', `/modules/sha256/${DIGEST}.wasm`]) {
    const reply = await fetch(new URL(path, server), { headers: { authorization: `Bearer ${token}` } })
    if (!reply.ok) return reply.status
    const digest = createHash('sha256').update(Buffer.from(await reply.arrayBuffer())).digest('hex')
    check(digest === DIGEST, `${path} is ${digest}`)
  }
  return 200
}

const config = await openid.discovery(server, CLIENT_ID, undefined, openid.ClientSecretBasic(CLIENT_SECRET), insecure)
check(config.serverMetadata().issuer === TAMIS_URL, 'issuer')
console.log('issuer')

const verifier = openid.randomPKCECodeVerifier()
const state = openid.randomState()
const nonce = openid.randomNonce()
const url = openid.buildAuthorizationUrl(config, {
  redirect_uri: REDIRECT_URI,
  scope: 'openid profile filters:read offline_access',
  code_challenge: await openid.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
})
console.log(`visit ${url.href}`)
const back = new URL((await lines.next()).value)
const tokens = await openid.authorizationCodeGrant(config, back, {
  pkceCodeVerifier: verifier,
  expectedState: state,
  expectedNonce: nonce,
  idTokenExpected: true,
})
const info = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
console.log(`signed in as ${info.preferred_username}`)
check((await fetchModule(tokens.access_token)) === 200, 'module')
console.log('module')

const renewed = await openid.refreshTokenGrant(config, tokens.refresh_token)
check((await fetchModule(renewed.access_token)) === 200, 'module after renewal')
console.log('renewed')
await openid.tokenRevocation(config, renewed.refresh_token)
const seen = await openid.tokenIntrospection(config, renewed.access_token)
check(seen.active === false, 'still active')
check((await fetchModule(renewed.access_token)) === 401, 'still let in')
console.log('revoked')

const cli = await openid.discovery(server, 'tamis-cli', undefined, openid.None(), insecure)
const device = await openid.initiateDeviceAuthorization(cli, { scope: 'filters:read' })
console.log(`type ${device.user_code}`)
const own = await openid.pollDeviceAuthorizationGrant(cli, { ...device, interval: 1 })
check((await fetchModule(own.access_token)) === 200, 'module on the device')
console.log('device')
process.exit(0)
