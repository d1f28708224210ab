// The main job through a client that is made from the document: create, upload, read the report, ask for
// publication, vote, release, find, download, compare. Every type here comes from openapi/openapi.json.
//   TAMIS_URL, AUTHOR_TOKEN, CURATOR_TOKEN, MODULE: where the server is, who asks, which file.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/api.js";

type Problem = components["schemas"]["Problem"];

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

function clientFor(token?: string) {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  return createClient<paths>({ baseUrl: setting("TAMIS_URL"), headers });
}

// What came, or the problem in words.
function must<T>(answer: { data?: T; error?: Problem; response: Response }): NonNullable<T> {
  if (answer.error) throw new Error(`${answer.response.status} ${answer.error.code}: ${answer.error.detail}`);
  if (answer.data === undefined || answer.data === null) throw new Error(`${answer.response.status} without a body`);
  return answer.data as NonNullable<T>;
}

function same(what: string, is: unknown, should: unknown): void {
  if (is !== should) throw new Error(`${what}: ${String(is)}, not ${String(should)}`);
}

const author = clientFor(setting("AUTHOR_TOKEN"));
const curator = clientFor(setting("CURATOR_TOKEN"));
const anyone = clientFor();

const me = must(await author.GET("/api/v1/me"));
const filter = { namespace: me.handle, filter: "from-typescript" };
const version = "1.0.0";
const release = { ...filter, version };

const made = must(
  await author.PUT("/api/v1/filters/{namespace}/{filter}", {
    params: { path: filter },
    body: { title: "From TypeScript", summary: "Uploaded by a generated client.", defaults: { type: "http", licence: "MIT" } },
  }),
);
same("visibility", made.visibility, "private");

const bytes = await readFile(setting("MODULE"));
const sha256 = createHash("sha256").update(bytes).digest("hex");
const uploaded = must(
  await author.PUT("/api/v1/filters/{namespace}/{filter}/releases/{version}", {
    params: { path: release },
    body: "",
    bodySerializer: () => new Uint8Array(bytes),
    headers: { "content-type": "application/wasm" },
  }),
);
same("digest", uploaded.digest, `sha256:${sha256}`);
same("state", uploaded.state, "draft");

const report = must(
  await author.GET("/api/v1/filters/{namespace}/{filter}/releases/{version}/report", { params: { path: release } }),
);
same("report", report.sha256, sha256);
if (!report.hosts.some((host) => host.loads)) throw new Error("loads nowhere");

const hidden = await anyone.GET("/api/v1/filters/{namespace}/{filter}", { params: { path: filter } });
same("a draft seen by anyone", hidden.error?.code, "not-found");

const asked = must(
  await author.POST("/api/v1/reviews", { body: { ...release, action: "publish", note: "from a generated client" } }),
);
const id = { params: { path: { id: asked.id } } };
// A vote that comes before the checks have run is kept, and counts when they have.
must(
  await curator.POST("/api/v1/reviews/{id}/votes", {
    ...id,
    body: { decision: "approve", digest: asked.digest, revision: asked.revision, note: "looked at it" },
  }),
);
let review = must(await author.GET("/api/v1/reviews/{id}", id));
for (let waited = 0; review.state === "checking" && waited < 300; waited++) {
  await new Promise((done) => setTimeout(done, 100));
  review = must(await author.GET("/api/v1/reviews/{id}", id));
}
same("review", review.state, "approved");
same("published", must(await author.POST("/api/v1/reviews/{id}/release", id)).state, "published");

const found = must(await anyone.GET("/api/v1/catalog", { params: { query: { q: "typescript", type: ["http"], limit: 5 } } }));
same("found", found.items.map((item) => `${item.namespace}/${item.name}@${item.version}`).join(), `${me.handle}/from-typescript@${version}`);

for (const down of [
  await anyone.GET("/api/v1/filters/{namespace}/{filter}/releases/{version}/module", { params: { path: release }, parseAs: "arrayBuffer" }),
  await anyone.GET("/modules/sha256/{file}", { params: { path: { file: `${sha256}.wasm` } }, parseAs: "arrayBuffer" }),
]) {
  same("bytes", createHash("sha256").update(new Uint8Array(must(down))).digest("hex"), sha256);
}
console.log(`published and fetched ${me.handle}/from-typescript@${version} sha256:${sha256}`);
