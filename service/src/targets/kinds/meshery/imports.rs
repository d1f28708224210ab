//! The filters that a Meshery Server keeps of ours: listed by name, imported, compared by digest, dropped. Knows
//! nothing of designs and clusters.
use super::{BY_BYTES, get, headers, name, send, tag};
use crate::{
    error::Kind,
    modules::deliver::examine,
    targets::{
        kinds::Item,
        line::{ANSWER, Ask, Failure, Line, Next, json_of},
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tamis_entities::value::Sha256;
use tamis_outbound::Method;
use tokio::sync::Semaphore;
use uuid::Uuid;

const PAGE: usize = 100;
/// Modules that are in memory on their way to all targets together, in MiB.
static IN_MEMORY: Semaphore = Semaphore::const_new(ROOM as usize);
const ROOM: u32 = 64;

/// A filter as the server lists it.
pub struct Listed {
    pub id: String,
    pub name: String,
}

/// Every filter whose name has this in it.
pub async fn list(line: &mut Line<'_>, search: &str) -> Result<Vec<Listed>, Failure> {
    let mut all = vec![];
    for page in 0..10 {
        let headers = headers(line, None).await?;
        let path = format!("/api/filter?page={page}&pagesize={PAGE}&search={search}");
        let reply = json_of(&line.ask(get(path, headers)).await?)?;
        let filters = match &reply["filters"] {
            Value::Array(filters) => filters.as_slice(),
            Value::Null if reply.is_object() => &[],
            _ => return Err(Failure::later("the server lists filters in a form that is not known")),
        };
        let text = |filter: &Value, key: &str| filter[key].as_str().unwrap_or_default().to_owned();
        let listed = filters.iter().map(|f| Listed { id: text(f, "id"), name: text(f, "name") });
        all.extend(listed.filter(|f| f.name.contains(search) && f.id.parse::<Uuid>().is_ok()));
        if filters.len() < PAGE {
            break;
        }
    }
    Ok(all)
}

/// What the server has under this id instead of these bytes, in words; None as well when it does not say.
pub async fn other(
    line: &mut Line<'_>,
    id: &str,
    (wanted, size): (&Sha256, i64),
) -> Result<Option<String>, Failure> {
    let headers = headers(line, None).await?;
    // Room for what it says when it has none.
    let most = u64::try_from(size).unwrap_or_default().max(ANSWER);
    let ask = Ask { most: Some(most), ..get(format!("/api/filter/download/{id}"), headers) };
    match line.ask(ask).await {
        Ok(reply) => {
            let stored = Sha256::of(&reply.body);
            Ok((stored != *wanted).then(|| stored.digest()))
        }
        Err(failure) if failure.oversized => Ok(Some(format!("more than {size} bytes"))),
        // 0.6 has it elsewhere.
        Err(failure) if failure.next == Next::Never => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The module as a text, for a body. What is damaged here concerns this filter alone.
async fn file(line: &Line<'_>, item: &Item) -> Result<String, Failure> {
    examine(line.state, &item.sha256, |bytes| STANDARD.encode(bytes)).await.map_err(|error| {
        match error.kind() {
            Kind::Internal | Kind::NotFound => {
                tracing::error!(module.sha256 = item.sha256.hex(), %error, "a module cannot be deployed");
                Failure::never("the module cannot be read from our own store: it is damaged or gone; upload it anew and retry")
            }
            _ => error.into(),
        }
    })
}

async fn import(line: &mut Line<'_>, item: &Item, by_url: bool) -> Result<(), Failure> {
    let config = item.config.to_string();
    let room = if by_url { 0 } else { u32::try_from(item.size >> 20).unwrap_or(ROOM).saturating_add(1) };
    let _room = IN_MEMORY.acquire_many(room.min(ROOM)).await.map_err(|e| Failure::later(e.to_string()))?;
    let body = if by_url {
        json!({"save": true, "url": item.url, "config": config})
    } else {
        let file = file(line, item).await?;
        json!({"save": true, "config": config, "filter_data": {"name": name(item), "filter_file": file}})
    };
    let headers = headers(line, Some(&item.key)).await?;
    line.ask(send(Method::POST, "/api/filter", headers, Some(&body))).await.map(|_| ())
}

async fn drop_filter(line: &mut Line<'_>, id: &str) -> Result<(), Failure> {
    let headers = headers(line, None).await?;
    match line.ask(send(Method::DELETE, format!("/api/filter/{id}"), headers, None)).await {
        // Somebody else was there before.
        Err(failure) if failure.status == Some(404) => Ok(()),
        done => done.map(|_| ()),
    }
}

/// The filter on the server holds the right bytes; what an earlier try left counts.
pub async fn have(line: &mut Line<'_>, item: &Item) -> Result<(), Failure> {
    let by_url = item.public && item.size > BY_BYTES;
    let wanted = if by_url { format!("{}.wasm", item.sha256.hex()) } else { name(item) };
    let search = if by_url { item.sha256.hex().to_owned() } else { tag(item.deployment) };
    let find = |all: Vec<Listed>| all.into_iter().find(|f| f.name == wanted);
    let mut found = find(list(line, &search).await?);
    if found.is_none() {
        import(line, item, by_url).await?;
        found = find(list(line, &search).await?);
    }
    let Some(found) = found else {
        return Err(Failure::later(
            "the server took the filter and does not list it; does the provider keep filters?",
        ));
    };
    let Some(other) = other(line, &found.id, (&item.sha256, item.size)).await? else { return Ok(()) };
    drop_filter(line, &found.id).await?;
    Err(Failure::later(format!("the server kept other bytes ({other}); they were removed there")))
}

/// What was imported for this deployment, but for the one that is wanted.
pub async fn tidy(line: &mut Line<'_>, deployment: Uuid, wanted: Option<&str>) -> Result<(), Failure> {
    for filter in list(line, &tag(deployment)).await? {
        if Some(filter.name.as_str()) != wanted {
            drop_filter(line, &filter.id).await?;
        }
    }
    Ok(())
}
