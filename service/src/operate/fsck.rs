//! `tamis fsck`: every row against every object, and every byte against its digest.
//! Reports; repairs nothing.
use crate::{
    error::Result,
    modules::{deliver, store},
    state::State,
};
use futures_util::StreamExt;
use sea_orm::{
    ColumnTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::SelectStatement,
};
use serde::Serialize;
use std::{collections::HashSet, fmt};
use tamis_blobs::BlobError;
use tamis_entities::{module, registry_blob, registry_manifest, release, value::ModuleState};

const BATCH: u64 = 500;

#[derive(Debug, Default, Serialize)]
pub struct Found {
    pub modules: u64,
    pub bytes: u64,
    pub problems: Vec<Problem>,
    /// Objects that no row names: cut-off uploads that the collector will take.
    pub orphans: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Problem {
    /// `missing`: a row without object. `corrupt`: other bytes than the digest says. `dangling`: a
    /// release without a module, or a blob of a repository without its bytes. `foreign`: a name that Tamis never writes.
    pub kind: &'static str,
    pub object: String,
    pub detail: String,
}

impl Found {
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{}: {} ({})", problem.kind, problem.object, problem.detail)?;
        }
        for orphan in &self.orphans {
            writeln!(f, "orphan: {orphan}")?;
        }
        let verdict = if self.is_clean() { "clean" } else { "NOT CLEAN" };
        write!(
            f,
            "{verdict}: {} modules, {} bytes, {} problems, {} orphans",
            self.modules,
            self.bytes,
            self.problems.len(),
            self.orphans.len()
        )
    }
}

pub async fn run(state: &State) -> Result<Found> {
    let mut found = Found::default();
    // Objects first: a module that comes while we look is then a row without a listed
    // object, which is looked up by itself, never a false orphan.
    let mut objects = HashSet::new();
    let mut listing = state.blobs.list();
    while let Some(entry) = listing.next().await {
        let entry = entry?;
        match entry.key {
            Some(key) => {
                objects.insert(key.as_str().to_owned());
            }
            None => found.problems.push(Problem {
                kind: "foreign",
                object: entry.name,
                detail: format!("{} bytes", entry.size),
            }),
        }
    }
    let mut after = String::new();
    loop {
        let rows = module::Entity::find()
            .filter(module::Column::Sha256.gt(after.as_str()))
            .order_by(module::Column::Sha256, Order::Asc)
            .limit(BATCH)
            .all(&*state.db)
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.sha256.hex().to_owned();
        for row in rows {
            objects.remove(store::key(&row.sha256, row.generation)?.as_str());
            check(state, &row, &mut found).await?;
        }
    }
    found.orphans = objects.into_iter().collect();
    found.orphans.sort();
    dangling(state, &mut found).await?;
    registry(state, &mut found).await?;
    Ok(found)
}

/// Blobs of repositories whose bytes no live row names, and manifests that are not what their digest says.
async fn registry(state: &State, found: &mut Found) -> Result<()> {
    let lost = registry_blob::Entity::find().filter(registry_blob::Column::Sha256.not_in_subquery(live()));
    for blob in lost.all(&*state.db).await? {
        found.problems.push(Problem {
            kind: "dangling",
            object: format!("blob of repository {}", blob.filter_id),
            detail: format!("{} names {}", blob.digest, blob.sha256.digest()),
        });
    }
    let mut after = uuid::Uuid::nil();
    loop {
        let rows = registry_manifest::Entity::find()
            .filter(registry_manifest::Column::Id.gt(after))
            .order_by(registry_manifest::Column::Id, Order::Asc)
            // Each may have megabytes.
            .limit(20)
            .all(&*state.db)
            .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.id;
        for row in rows.iter().filter(|row| !crate::registry::is_whole(row)) {
            found.problems.push(Problem {
                kind: "corrupt",
                object: format!("manifest of repository {}", row.filter_id),
                detail: format!("its bytes do not have the digest {}", row.digest),
            });
        }
    }
}

fn live() -> SelectStatement {
    module::Entity::find()
        .select_only()
        .column(module::Column::Sha256)
        .filter(module::Column::State.eq(ModuleState::Live))
        .into_query()
}

/// Releases whose module has no live row; one statement, so that nothing moves meanwhile.
async fn dangling(state: &State, found: &mut Found) -> Result<()> {
    let lost = release::Entity::find().filter(release::Column::Sha256.not_in_subquery(live()));
    for release in lost.all(&*state.db).await? {
        found.problems.push(Problem {
            kind: "dangling",
            object: format!("release {}", release.id),
            detail: format!("version {} names {}", release.version, release.sha256.digest()),
        });
    }
    Ok(())
}

async fn check(state: &State, row: &module::Model, found: &mut Found) -> Result<()> {
    // A condemned module may lose its object at any moment.
    if row.state == ModuleState::Condemned {
        return Ok(());
    }
    found.modules += 1;
    let object = store::key(&row.sha256, row.generation)?.as_str().to_owned();
    match deliver::rehash(state, row).await {
        Ok(bytes) => found.bytes += bytes,
        Err(BlobError::NotFound) => {
            // It may have been collected or replaced since the row was read.
            let now = module::Entity::find_by_id(row.sha256.clone()).one(&*state.db).await?;
            if now.is_some_and(|now| now.generation == row.generation && now.state == ModuleState::Live) {
                found.problems.push(Problem {
                    kind: "missing",
                    object,
                    detail: format!("{} bytes", row.size),
                });
            }
        }
        Err(error @ BlobError::Corrupt { .. }) => {
            found.problems.push(Problem { kind: "corrupt", object, detail: error.to_string() })
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
