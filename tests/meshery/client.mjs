// The published client of Meshery Cloud's API against a running Tamis: filters saved, listed, changed, cloned,
// fetched and deleted, the catalog browsed, a publication asked for, decided and taken back. What comes is held
// against the schemas that the client brings along. Prints a line for each thing done.
//   TAMIS_URL, AUTHOR_TOKEN, CURATOR_TOKEN, MODULE: where the server is, who asks, which file.
import { readFile } from "node:fs/promises";
import { configureStore } from "@reduxjs/toolkit";
import Ajv from "ajv";
import formats from "ajv-formats";
import schema from "@meshery/schemas/constructs/v1beta3/filter/FilterSchema";

const { TAMIS_URL, AUTHOR_TOKEN, CURATOR_TOKEN, MODULE } = process.env;
process.env.RTK_CLOUD_ENDPOINT_PREFIX = TAMIS_URL;
const { cloudApi } = await import("@meshery/schemas/cloudApi");

// The client has no place for a token: in a browser it goes by a cookie of its own host.
let token = AUTHOR_TOKEN;
const seen = [];
const plain = globalThis.fetch;
globalThis.fetch = async (request, init) => {
  const asked = new Request(request, init);
  asked.headers.set("authorization", `Bearer ${token}`);
  if (!asked.headers.has("x-current-orgid")) asked.headers.set("x-current-orgid", "11111111-1111-4111-8111-111111111111");
  seen.push(`${asked.method} ${new URL(asked.url).pathname}`);
  return plain(asked);
};

const store = configureStore({
  reducer: { [cloudApi.reducerPath]: cloudApi.reducer },
  middleware: (all) => all({ serializableCheck: false, immutableCheck: false }).concat(cloudApi.middleware),
});
const call = async (name, argument) => {
  const endpoint = cloudApi.endpoints[name];
  if (!endpoint) throw new Error(`the client has no ${name}`);
  const { data, error } = await store.dispatch(endpoint.initiate(argument, { forceRefetch: true, track: false }));
  if (error) throw new Error(`${name}: ${JSON.stringify(error)} after ${seen.at(-1)}`);
  return data;
};

const ajv = new Ajv({ strict: false, allErrors: true });
formats(ajv);
const schemas = (schema.default ?? schema).components.schemas;
// Of what people say in the catalog any key survives; the schema knows six, and Kubernetes alone to go with.
const lenient = JSON.parse(JSON.stringify({ filter: schemas.MesheryFilter, page: schemas.MesheryFilterPage }), (key, value) =>
  key === "catalogData" ? { type: "object" } : key === "$schema" ? undefined : value);
const fits = (kind, value) => {
  const valid = ajv.compile(lenient[kind]);
  if (!valid(value)) throw new Error(`${kind}: ${ajv.errorsText(valid.errors)}: ${JSON.stringify(value).slice(0, 500)}`);
  return value;
};
const same = (what, is, should) => {
  if (is !== should) throw new Error(`${what}: ${is}, not ${should}`);
};

const bytes = await readFile(MODULE);
const file = bytes.toString("base64");
const saved = fits("filter", await call("upsertFilter", { body: { save: true, filterData: { name: "from npm", filterFile: file } } }));
console.log("saved");
const page = fits("page", await call("getFilters", { page: 0, pageSize: 10, search: "npm", order: "updated_at desc" }));
same("found", page.filters[0].id, saved.id);
console.log("listed");
const got = fits("filter", await call("getFilter", { filterId: saved.id }));
same("file", got.filterFile, file);
console.log("got");
const changed = fits("filter", await call("updateFilter", { filterId: saved.id, body: { name: "from npm, renamed" } }));
same("name", changed.name, "from npm, renamed");
console.log("updated");
const copy = fits("filter", await call("cloneFilter", { filterId: saved.id, body: { name: "a copy" } }));
console.log("cloned");
const fetched = await plain(`${TAMIS_URL}/api/content/filters/download/${copy.id}`, { headers: { authorization: `Bearer ${token}` } });
same("bytes", Buffer.from(await fetched.arrayBuffer()).equals(bytes), true);
console.log("downloaded");
const more = fits("filter", await call("upsertFilter", { body: { save: true, filterData: { name: "one more", filterFile: file } } }));
await call("deleteFilters", { body: { filters: [{ id: more.id }] } });
await call("deleteFilter", { filterId: copy.id });
console.log("deleted");
const asked = await call("publishCatalogContent", { type: "filter", body: { id: saved.id, catalogData: { patternInfo: "i", patternCaveats: "c", type: "Security", compatibility: ["kubernetes"] } } });
same("status", asked.status, "pending");
console.log("asked");
token = CURATOR_TOKEN;
const requests = await call("getCatalogRequest", { page: 0, pageSize: 10, filter: JSON.stringify({ status: ["pending"] }) });
same("request", requests.catalogRequests[0].id, asked.id);
same("decided", (await call("approveCatalogRequest", { body: { id: asked.id } })).status, "approved");
console.log("approved");
token = AUTHOR_TOKEN;
const catalog = fits("page", (({ page, pageSize, totalCount, filters }) => ({ page, pageSize, totalCount, filters }))(await call("getCatalogContent", { pathType: "filter", page: 0, pageSize: 10 })));
same("published", catalog.filters.find((f) => f.id === saved.id)?.visibility, "published");
console.log("browsed");
same("taken back", (await call("unPublishCatalogContent", { type: "filter", body: { id: saved.id } })).status, "pending");
console.log("taken back");
