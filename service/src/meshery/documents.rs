//! What Meshery keeps here and only Meshery reads, each the property of one person: stored as the text that
//! came, so that numbers of a load generator are the same to the last digit. Knows no shape but ids and times.
use super::{
    asked::Columns,
    merge::merged_raw,
    wire::{Asked, By, Pages, camel, shown, snake, stored},
};
use crate::{
    error::{Error, Kind, Result},
    state::State,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{CaseStatement, Expr, ExprTrait, Func, LikeExpr},
};
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use std::collections::BTreeMap;
use tamis_entities::{
    meshery_document as row,
    value::{MesheryKind, Sha256},
};
use uuid::Uuid;

/// A JSON object whose values are the text that came.
pub type Raw = BTreeMap<String, Box<RawValue>>;

/// A person has so many of one kind at most.
const MOST: u64 = 100_000;
const LONGEST: usize = 8 * 1024 * 1024;

fn check_size(length: usize) -> Result<()> {
    match length > LONGEST {
        true => Err(Error::new(Kind::TooLarge, "body-too-large", "a document is at most 8 MiB")),
        false => Ok(()),
    }
}

pub fn parse(bytes: &[u8]) -> Result<Raw> {
    check_size(bytes.len())?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Error::invalid("body", "the body is empty"));
    }
    serde_json::from_slice(bytes).map_err(|e| Error::invalid("body", e.to_string()))
}

pub fn text(raw: &Raw, key: &str) -> Option<String> {
    let value = raw.get(key).or_else(|| raw.get(&camel(key)))?;
    serde_json::from_str::<String>(value.get()).ok().filter(|t| !t.is_empty() && !t.contains('\0'))
}

/// The id that somebody sent along, unless it is the nil one.
pub fn id(raw: &Raw) -> Option<Uuid> {
    text(raw, "id")?.parse().ok().filter(|id: &Uuid| !id.is_nil())
}

/// The document as it came, with our ids and times, each key in both spellings.
pub fn view(document: &row::Model, more: &[(&str, Value)]) -> Result<Raw> {
    let came: Raw = serde_json::from_str(&document.body)?;
    let mut all = Raw::new();
    for (name, value) in &came {
        // Fortio's own keys begin with a capital, and one of Meshery's is no word at all.
        let word = name.starts_with(|c: char| c.is_ascii_lowercase());
        for other in [camel(name), snake(name)].into_iter().filter(|_| word) {
            all.entry(other).or_insert_with(|| value.clone());
        }
        all.insert(name.clone(), value.clone());
    }
    let mut ours = vec![
        ("id", Value::from(shown(document.id).to_string())),
        ("created_at", serde_json::to_value(document.created_at)?),
        ("updated_at", serde_json::to_value(document.updated_at)?),
    ];
    ours.extend(more.iter().cloned());
    for (name, value) in ours {
        let value = to_raw_value(&value)?;
        all.insert(camel(name), value.clone());
        all.insert(name.to_owned(), value);
    }
    Ok(all)
}

/// What is to be kept.
pub struct New {
    pub kind: MesheryKind,
    pub parent: Option<Uuid>,
    pub name: String,
    pub sha256: Option<Sha256>,
}

pub async fn insert(state: &State, owner: Uuid, new: New, raw: &Raw) -> Result<row::Model> {
    let (now, body) = (state.clock.now(), serde_json::to_string(raw)?);
    let txn = state.db.begin_write().await?;
    if of(owner, new.kind).count(&*txn).await? >= MOST {
        let detail = format!("{MOST} of these are kept for one person; delete some first");
        return Err(Error::conflict("too-many-documents", detail));
    }
    let document = row::Model {
        id: Uuid::now_v7(),
        kind: new.kind,
        owner_id: owner,
        parent_id: new.parent,
        name: new.name,
        body,
        sha256: new.sha256,
        created_at: now,
        updated_at: now,
    };
    row::Entity::insert(document.clone().into_active_model()).exec_without_returning(&*txn).await?;
    txn.commit().await?;
    Ok(document)
}

pub async fn replace(state: &State, old: &row::Model, name: String, raw: &Raw) -> Result<row::Model> {
    let change = row::ActiveModel {
        id: Set(old.id),
        name: Set(name),
        body: Set(serde_json::to_string(raw)?),
        updated_at: Set(state.clock.now()),
        ..Default::default()
    };
    let txn = state.db.begin_write().await?;
    let now = row::Entity::update(change).exec(&*txn).await?;
    txn.commit().await?;
    Ok(now)
}

/// Puts what comes over what is there: a name that is not said, and all else that says nothing, stays.
pub async fn merge(state: &State, old: &row::Model, new: &Raw) -> Result<row::Model> {
    let txn = state.db.begin_write().await?;
    let now = row::Entity::find_by_id(old.id).lock_exclusive().one(&*txn).await?;
    let now = now.ok_or_else(Error::not_found)?;
    let body = serde_json::to_string(&merged_raw(serde_json::from_str(&now.body)?, new))?;
    check_size(body.len())?;
    let change = row::ActiveModel {
        id: Set(now.id),
        name: Set(text(new, "name").unwrap_or(now.name)),
        body: Set(body),
        updated_at: Set(state.clock.now()),
        ..Default::default()
    };
    let now = row::Entity::update(change).exec(&*txn).await?;
    txn.commit().await?;
    Ok(now)
}

pub fn of(owner: Uuid, kind: MesheryKind) -> Select<row::Entity> {
    row::Entity::find().filter(row::Column::OwnerId.eq(owner)).filter(row::Column::Kind.eq(kind))
}

/// One of this person's own, by the id that Meshery knows.
pub async fn get(state: &State, owner: Uuid, kind: MesheryKind, id: Uuid) -> Result<row::Model> {
    let found = of(owner, kind).filter(row::Column::Id.eq(stored(id))).one(&*state.db).await?;
    found.ok_or_else(Error::not_found)
}

/// What pages of Meshery sort results, profiles and events by besides; none of the columns without a counterpart
/// has an index here.
const COLUMNS: &Columns = &[
    ("updated_on", Some(By::Updated)),
    ("test_start_time", Some(By::Created)),
    ("mesh", None),
    ("service_mesh", None),
    ("endpoints", None),
    ("load_generators", None),
    ("qps", None),
    ("duration", None),
    ("concurrent_request", None),
    ("total_results", None),
    ("last_run", None),
    ("next_run", None),
    ("p50", None),
    ("p99_9", None),
    ("severity", None),
    ("category", None),
    ("action", None),
    ("status", None),
];

/// These rows with as much of their bodies as a page has room for; of the others, what the lists show.
async fn loaded(state: &State, rows: Select<row::Entity>) -> Result<Vec<row::Model>> {
    use row::Column::{Body, CreatedAt, Id, Kind, Name, OwnerId, ParentId, Sha256, UpdatedAt};
    let size = Expr::expr(Func::char_length(Expr::col((row::Entity, Body)))).cast_as("bigint");
    let sizes = rows.clone().select_only().column(Id).expr_as(size, "size");
    let whole = Pages::that_fit(&sizes.into_tuple::<(Uuid, i64)>().all(&*state.db).await?);
    let fits = Id.is_in(whole.iter().copied());
    let body = CaseStatement::new().case(fits, Expr::col((row::Entity, Body))).finally("{}");
    let rows = rows.select_only().columns([Id, Kind, OwnerId, ParentId, Name, Sha256, CreatedAt, UpdatedAt]);
    let mut rows = rows.expr_as(body, "body").into_model::<row::Model>().all(&*state.db).await?;
    for row in rows.iter_mut().filter(|row| !whole.contains(&row.id)) {
        row.body = json!({"name": row.name}).to_string();
    }
    Ok(rows)
}

/// The rows of the page that is asked for, and how many there are.
pub async fn page(state: &State, all: Select<row::Entity>, asked: &Asked) -> Result<(Vec<row::Model>, u64)> {
    let (pages, order) = (asked.page()?, asked.order_among(COLUMNS)?);
    let mut all = all;
    if let Some(words) = asked.search()? {
        let escaped = words.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
        let name = Expr::expr(Func::lower(Expr::col((row::Entity, row::Column::Name))));
        all = all.filter(name.like(LikeExpr::new(format!("%{escaped}%")).escape('!')));
    }
    let total = all.clone().count(&*state.db).await?;
    let column = match order.by {
        By::Name => row::Column::Name,
        By::Created => row::Column::CreatedAt,
        By::Updated => row::Column::UpdatedAt,
    };
    let all = match order.falling {
        true => all.order_by_desc(column).order_by_desc(row::Column::Id),
        false => all.order_by_asc(column).order_by_asc(row::Column::Id),
    };
    Ok((loaded(state, all.offset(pages.offset()).limit(pages.size)).await?, total))
}

/// Removes it, and what hangs on it.
pub async fn remove(state: &State, document: &row::Model) -> Result<()> {
    let txn = state.db.begin_write().await?;
    row::Entity::delete_many().filter(row::Column::ParentId.eq(document.id)).exec(&*txn).await?;
    row::Entity::delete_by_id(document.id).exec(&*txn).await?;
    txn.commit().await
}

/// The one document of a kind that a person has.
pub async fn only(state: &State, owner: Uuid, kind: MesheryKind) -> Result<Option<row::Model>> {
    Ok(of(owner, kind).order_by_desc(row::Column::UpdatedAt).one(&*state.db).await?)
}

pub async fn put_only(state: &State, owner: Uuid, kind: MesheryKind, body: String) -> Result<()> {
    let raw = parse(body.as_bytes())?;
    let new = New { kind, parent: None, name: String::new(), sha256: None };
    match only(state, owner, kind).await? {
        Some(old) => replace(state, &old, String::new(), &raw).await.map(|_| ()),
        None => insert(state, owner, new, &raw).await.map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tamis_entities::value::Timestamp;

    #[test]
    fn numbers_come_back_to_the_last_digit() {
        let body = r#"{"runner_results":{"ActualQPS":9.9999999999999999990,"DurationHistogram":{"Sum":1e-400}},"-":{},"meshery_id":"x"}"#;
        let document = row::Model {
            id: Uuid::now_v7(),
            kind: MesheryKind::Result,
            owner_id: Uuid::nil(),
            parent_id: None,
            name: String::new(),
            body: serde_json::to_string(&parse(body.as_bytes()).unwrap()).unwrap(),
            sha256: None,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let text = serde_json::to_string(&view(&document, &[]).unwrap()).unwrap();
        for part in [
            r#""runner_results":{"ActualQPS":9.9999999999999999990,"DurationHistogram":{"Sum":1e-400}}"#,
            r#""runnerResults":{"ActualQPS":9.9999999999999999990,"#,
            r#""-":{}"#,
            r#""mesheryId":"x""#,
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
