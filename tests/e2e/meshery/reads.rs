//! What the recorded clients read of each answer: its status, its shape, its spelling. And that they do: each answer
//! is turned in one of these, and must be refused then. Knows no filter of its own.
use super::wire::{Dialect, catalog_request, exactly, filter, filters, page, spelt, texts};
use serde_json::{Value, json};
use tamis_e2e::client::Reply;
use uuid::Uuid;

/// What a client reads of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// Its status and nothing else.
    Nothing,
    Filters,
    Filter,
    /// The same without a key that the schema of Cloud's API does not have.
    CloudFilter,
    /// A page whose rows are so called.
    Page(&'static str),
    CloudPage(&'static str),
    /// Filters that are no more, in a list of this name.
    Gone(&'static str),
    CatalogRequest,
    Module,
    /// An object all of whose values are texts.
    Texts,
    /// An object with these texts in it.
    With(&'static [&'static str]),
    /// An object with a list of this name.
    List(&'static str),
    Object,
}

/// Both clients' operations, and what they read. Of a Server's the recording has the status, of the others it is here.
const OPERATIONS: [(&str, u16, Reads); 37] = [
    ("capabilities at boot", 200, Reads::With(&["provider_name", "package_version", "package_url"])),
    ("capabilities after login", 200, Reads::With(&["provider_name", "package_version", "package_url"])),
    ("keys", 200, Reads::List("keys")),
    ("introspect", 200, Reads::Nothing),
    ("register server", 200, Reads::Page("connections")),
    ("save filter", 200, Reads::Filters),
    ("save filter without bytes (edit)", 200, Reads::Filters),
    ("list filters", 200, Reads::Page("filters")),
    ("list catalog filters", 200, Reads::Page("filters")),
    ("get filter", 200, Reads::Filter),
    ("download", 200, Reads::Module),
    ("delete filter", 200, Reads::Filter),
    ("clone filter", 200, Reads::Filter),
    ("publish filter", 200, Reads::CatalogRequest),
    ("unpublish filter", 200, Reads::CatalogRequest),
    ("list performance profiles", 200, Reads::Page("profiles")),
    ("list results of a profile", 200, Reads::Page("results")),
    ("save result", 201, Reads::Texts),
    ("logout", 200, Reads::Nothing),
    ("revoke after logout", 200, Reads::Nothing),
    ("getFilters", 200, Reads::CloudPage("filters")),
    ("upsertFilter", 200, Reads::CloudFilter),
    ("getFilter", 200, Reads::CloudFilter),
    ("updateFilter", 200, Reads::CloudFilter),
    ("deleteFilter", 204, Reads::Nothing),
    ("cloneFilter", 200, Reads::CloudFilter),
    ("getFilterFile", 200, Reads::Module),
    ("deleteFilters", 200, Reads::Gone("filters")),
    ("getCatalogContent", 200, Reads::CloudPage("filters")),
    ("publishCatalogContent", 200, Reads::CatalogRequest),
    ("unPublishCatalogContent", 200, Reads::CatalogRequest),
    ("getCatalogRequest", 200, Reads::Page("catalogRequests")),
    ("approveCatalogRequest", 200, Reads::CatalogRequest),
    ("denyCatalogRequest", 200, Reads::CatalogRequest),
    ("handleResourceShare", 200, Reads::Object),
    ("getResourceAccessActorsByType", 200, Reads::List("users")),
    ("shareDesign", 200, Reads::With(&["content_id", "content_type"])),
];

fn operation(request: &Value) -> (u16, Reads) {
    let op = request["op"].as_str().unwrap();
    let (_, status, reads) = OPERATIONS.iter().find(|(name, ..)| *name == op).expect(op);
    (*status, *reads)
}

fn judge(dialect: Dialect, request: &Value, reply: &Reply) -> Result<(), String> {
    let (status, reads) = operation(request);
    let status = match &request["expects"]["status"] {
        Value::Number(n) => vec![n.as_u64().unwrap()],
        Value::Array(all) => all.iter().map(|n| n.as_u64().unwrap()).collect(),
        _ => vec![u64::from(status)],
    };
    if !status.contains(&u64::from(reply.status)) {
        return Err(format!("{} instead of {status:?}: {}", reply.status, reply.text()));
    }
    let value = || exactly(reply, reply.status);
    let rows = |name: &str| match value()?.get(name).and_then(Value::as_array) {
        Some(rows) => Ok(rows.clone()),
        None => Err(format!("no list {name}: {}", reply.text())),
    };
    let all = |rows: Vec<Value>, read: fn(&Value) -> Result<(), String>| rows.iter().try_for_each(read);
    match reads {
        Reads::Nothing => Ok(()),
        Reads::Filters => filters(dialect, reply).map(|_| ()),
        Reads::Filter => filter(dialect, &value()?).map(|_| ()),
        Reads::CloudFilter => cloud_filter(&value()?),
        Reads::Page(name) => page(dialect, reply, name).map(|_| ()),
        Reads::CloudPage(name) => all(page(dialect, reply, name)?, cloud_filter),
        Reads::Gone(name) => all(rows(name)?, |row| filter(Dialect::V2026, row).map(|_| ())),
        Reads::CatalogRequest => catalog_request(dialect, reply).map(|_| ()),
        Reads::Module => reply.body.starts_with(b"\0asm").then_some(()).ok_or("no module".into()),
        Reads::Texts => texts(&value()?).map(|_| ()),
        Reads::With(names) => {
            let (value, spelt) = (value()?, |name: &str| spelt(dialect, name));
            let lacks = names.iter().map(|name| spelt(name)).find(|name| !value[name.as_str()].is_string());
            lacks.map_or(Ok(()), |name| Err(format!("no text {name}: {value}")))
        }
        Reads::List(name) => rows(name).map(|_| ()),
        Reads::Object => value()?.is_object().then_some(()).ok_or("no object".into()),
    }
}

/// The same answer with another status, and, where its client reads it, in the spelling of the other generation
/// alone and with a list for an object: each must be refused.
fn flipped(dialect: Dialect, request: &Value, reply: &Reply) -> Vec<(&'static str, Reply)> {
    let with = |status: u16, body: Vec<u8>| Reply { status, headers: reply.headers.clone(), body };
    let mut all = vec![
        ("another status of success", with(if reply.status == 202 { 203 } else { 202 }, reply.body.clone())),
        ("a status of failure", with(500, reply.body.clone())),
    ];
    if let Ok(value) = serde_json::from_slice::<Value>(&reply.body)
        && operation(request).1 != Reads::Nothing
    {
        let other = respelt(dialect, &value);
        // An id alone is spelt the same by everybody.
        if other != value {
            all.push(("the other spelling", with(reply.status, other.to_string().into_bytes())));
        }
        let turned = if value.is_array() { value[0].clone() } else { json!([value]) };
        all.push(("another shape", with(reply.status, turned.to_string().into_bytes())));
    }
    all
}

/// What is wrong with an answer, and with whom reads it.
pub fn judged(dialect: Dialect, request: &Value, reply: &Reply) -> Vec<String> {
    let op = request["op"].as_str().unwrap();
    let wrong = judge(dialect, request, reply).err().map(|error| format!("{dialect:?} {op}: {error}"));
    let flips = flipped(dialect, request, reply).into_iter();
    let unminded = flips.filter(|(_, reply)| judge(dialect, request, reply).is_ok());
    wrong
        .into_iter()
        .chain(unminded.map(|(flip, _)| format!("{dialect:?} {op}: nobody minds {flip}")))
        .collect()
}

/// Without the keys as this generation spells them.
fn respelt(dialect: Dialect, value: &Value) -> Value {
    let theirs = |name: &str| match dialect {
        Dialect::V2026 => name.contains(|c: char| c.is_ascii_uppercase()),
        _ => name.contains('_'),
    };
    match value {
        Value::Object(map) => {
            let rest = map.iter().filter(|(name, _)| !theirs(name));
            Value::Object(rest.map(|(name, value)| (name.clone(), respelt(dialect, value))).collect())
        }
        Value::Array(items) => items.iter().map(|item| respelt(dialect, item)).collect(),
        other => other.clone(),
    }
}

/// An object and not a list, with an id for Meshery and no key that its schema does not have.
fn cloud_filter(object: &Value) -> Result<(), String> {
    let id = object["id"].as_str().and_then(|id| id.parse::<Uuid>().ok());
    let keys =
        object.as_object().is_some_and(|map| map.keys().all(|key| !key.contains('_') && key != "digest"));
    let texts = ["name", "visibility", "createdAt", "updatedAt"].iter().all(|key| object[*key].is_string());
    match id.is_some_and(|id| id.get_version_num() == 4) && keys && texts {
        true => Ok(()),
        false => Err(format!("no filter of Cloud's API: {object}")),
    }
}
