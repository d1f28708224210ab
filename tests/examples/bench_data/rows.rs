//! Filters with what belongs to them: of ten, seven are published, one is public, two are
//! private. The reader's own share is the same whatever the size of the whole.
use super::{
    people::{self, Home},
    reviews,
    text::{Corpus, Document},
    words::{Random, Vocabulary},
};
use anyhow::Result;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, sea_query::OnConflict};
use tamis::db::{Db, WriteTxn};
use tamis_entities::{
    catalog_entry, catalog_facets, filter, filter_label, grant, module, release,
    value::{
        Approved, ArtifactKind, Facets, GrantLevel, LabelKind, Metadata, ModuleState, PluginType,
        ReleaseState, Sha256, Strings, Timestamp, Verdict, Visibility, revision,
    },
};
use uuid::Uuid;

/// 2026-01-01, so that runs are alike.
const BEGIN: i64 = 1_767_225_600_000_000;
const DAY: u64 = 86_400_000_000;
const BATCH: u64 = 5_000;
const AT_ONCE: usize = 500;
/// In the summary of so many published filters, whatever the size.
const RARE: (&str, u64) = ("quokka", 40);
/// In the title of six filters of ten.
const COMMON: &str = "gateway";
const PER_NAMESPACE: u64 = 20;
/// Filters in each of the reader's four namespaces, and grants on filters of others.
const OWN: u64 = 20;
const GRANTS: u64 = 10;

struct Filter {
    row: filter::Model,
    facets: Facets,
    home: Uuid,
    release: release::Model,
    labels: Vec<String>,
    document: Document,
}

struct Maker {
    random: Random,
    vocabulary: Vocabulary,
    reader: Home,
    homes: Vec<Home>,
    total: u64,
}

pub async fn fill(db: &Db, total: u64, reader: &str, seed: u64) -> Result<()> {
    let now = Timestamp(BEGIN);
    let mut random = Random(seed);
    let vocabulary = Vocabulary::new(&mut random);
    let txn = db.begin_write().await?;
    let reader = people::reader(&txn, reader).await?;
    let mut homes = people::teams(&txn, &reader, 3, now).await?;
    homes.extend(people::users(&txn, total.div_ceil(PER_NAMESPACE), now).await?);
    txn.commit().await?;
    let mut maker = Maker { random, vocabulary, reader, homes, total };
    let (mut catalog, mut all) = (Corpus::catalog(), Corpus::filters());
    for start in (0..total).step_by(BATCH as usize) {
        let filters = (start..total.min(start + BATCH)).map(|n| maker.make(n)).collect::<Result<Vec<_>>>()?;
        let txn = db.begin_write().await?;
        write(&txn, &filters, &maker).await?;
        let (mut public, mut every) = (vec![], vec![]);
        for filter in filters {
            if filter.row.published_releases > 0 {
                public.push(Document {
                    namespace: filter.document.namespace.clone(),
                    ..copy(&filter.document)
                });
            }
            every.push(filter.document);
        }
        catalog.add(&txn, &public).await?;
        all.add(&txn, &every).await?;
        txn.commit().await?;
    }
    let txn = db.begin_write().await?;
    catalog.finish(&txn).await?;
    all.finish(&txn).await?;
    txn.commit().await?;
    if !db.is_sqlite() {
        // As the server's own vacuum daemon would, sooner or later.
        db.execute_unprepared("VACUUM ANALYZE").await?;
    }
    Ok(())
}

fn copy(d: &Document) -> Document {
    Document {
        filter_id: d.filter_id,
        namespace: d.namespace.clone(),
        name: d.name.clone(),
        title: d.title.clone(),
        summary: d.summary.clone(),
        readme: d.readme.clone(),
    }
}

impl Maker {
    fn id(&mut self, n: u64) -> Uuid {
        let (a, b) = (self.random.next().to_be_bytes(), self.random.next().to_be_bytes());
        let mut noise = [0; 10];
        noise[..8].copy_from_slice(&a);
        noise[8..].copy_from_slice(&b[..2]);
        uuid::Builder::from_unix_timestamp_millis(BEGIN as u64 / 1000 + n, &noise).into_uuid()
    }

    fn home(&self, n: u64) -> (Uuid, String) {
        let home = match n / OWN {
            0 => &self.reader,
            few @ 1..=3 => &self.homes[few as usize - 1],
            _ => &self.homes[3 + (n / PER_NAMESPACE) as usize % (self.homes.len() - 3)],
        };
        (home.id, home.handle.to_string())
    }

    fn make(&mut self, n: u64) -> Result<Filter> {
        let id = self.id(n);
        let (home, handle) = self.home(n);
        let rare =
            n.is_multiple_of((self.total / RARE.1).max(1)) && n / (self.total / RARE.1).max(1) < RARE.1;
        let share = if rare { 0 } else { self.random.below(10) };
        let name = format!(
            "{}-{}-{}",
            self.vocabulary.pick(&mut self.random),
            self.vocabulary.pick(&mut self.random),
            // Another word for each filter of a namespace, so that no name comes twice.
            self.vocabulary.nth(100 + n % PER_NAMESPACE)
        );
        let mut title = self.vocabulary.text(&mut self.random, 4);
        if self.random.chance(60) {
            title = format!("{title} {COMMON}");
        }
        let mut summary = self.vocabulary.text(&mut self.random, 14);
        if rare {
            summary = format!("{summary} {}", RARE.0);
        }
        let readme = self.vocabulary.text(&mut self.random, 60);
        let labels = vec![self.vocabulary.pick(&mut self.random).to_owned()];
        let at = Timestamp(BEGIN + self.random.below(300 * DAY) as i64);
        // What is in a team is the reader's work, all else that of whose namespace it is.
        let author = if n / OWN <= 3 { self.reader.id } else { home };
        let release = self.release([id, author], &summary, &readme, share < 7, at)?;
        let document = Document {
            filter_id: id,
            namespace: handle,
            name: name.clone(),
            title: format!("{title} {}", labels[0]),
            summary: summary.clone(),
            readme,
        };
        let name: tamis_entities::value::Slug = name.parse()?;
        let row = filter::Model {
            id,
            meshery_id: Uuid::new_v4(),
            namespace_id: home,
            skeleton: name.skeleton(),
            name,
            title,
            summary,
            visibility: if share == 7 { Visibility::Public } else { Visibility::Private },
            source_repository: None,
            icon: None,
            defaults: release.metadata.clone(),
            published_releases: i64::from(share < 7),
            downloads: self.random.below(10_000) as i64,
            row_version: 1,
            created_by: author,
            created_at: Timestamp(BEGIN),
            updated_at: at,
        };
        let facets = self.facets(&release);
        Ok(Filter { row, home, release, labels, document, facets })
    }

    /// Some thousand combinations: what a filter can do, and which hosts it asks for.
    fn facets(&mut self, release: &release::Model) -> Facets {
        let powers = [
            ("headers-read", 90),
            ("headers-modify", 70),
            ("body-read", 25),
            ("http-call", 30),
            ("shared-data", 20),
            ("timer", 25),
            ("metrics", 40),
            ("foreign-function", 1),
        ];
        let has = powers.into_iter().filter(|(_, percent)| self.random.chance(*percent));
        let capabilities = has.map(|(id, _)| id.to_owned()).chain(["log".to_owned()]).collect();
        let generations = ["envoy >=1.39", "envoy >=1.33, <1.39", "envoy >=1.21, <1.33"];
        let oldest = [1, 2, 2, 3, 3, 3][self.random.below(6) as usize];
        Facets {
            plugin_type: release.plugin_type,
            abi_version: release.abi_version.clone(),
            capabilities,
            hosts: generations[..oldest].iter().map(|g| (*g).to_owned()).collect(),
        }
    }

    fn release(
        &mut self,
        [filter_id, created_by]: [Uuid; 2],
        summary: &str,
        readme: &str,
        published: bool,
        at: Timestamp,
    ) -> Result<release::Model> {
        let plugin_type = match self.random.below(20) {
            0..17 => PluginType::Http,
            17..19 => PluginType::Network,
            _ => PluginType::Service,
        };
        let licences = ["Apache-2.0", "MIT", "BSD-3-Clause", "MPL-2.0"];
        let metadata = Metadata {
            plugin_type: Some(plugin_type),
            licence: Some(licences[self.random.below(4) as usize].to_owned()),
            readme: Some(readme.to_owned()),
            ..Default::default()
        };
        let approved = Approved {
            revision: revision(&metadata, summary, None),
            summary: summary.to_owned(),
            icon: None,
            metadata: metadata.clone(),
        };
        Ok(release::Model {
            id: Uuid::now_v7(),
            filter_id,
            version: "1.0.0".parse()?,
            artifact_kind: ArtifactKind::Wasm,
            state: if published { ReleaseState::Published } else { ReleaseState::Draft },
            sha256: Sha256::of(filter_id.as_bytes()),
            size: 200_000,
            verdict: Verdict::Pass,
            abi_version: Some(if self.random.chance(90) { "0.2.1" } else { "0.2.0" }.to_owned()),
            plugin_type: Some(plugin_type),
            metadata,
            approved: published.then_some(approved),
            lineage: None,
            state_reason: None,
            prior_state: None,
            published_at: published.then_some(at),
            break_glass: false,
            created_by,
            created_at: Timestamp(BEGIN),
        })
    }
}

async fn write(txn: &WriteTxn<'_>, filters: &[Filter], maker: &Maker) -> Result<()> {
    use sea_orm::IntoActiveModel;
    for some in filters.chunks(AT_ONCE) {
        let rows = some.iter().map(|f| f.row.clone().into_active_model());
        filter::Entity::insert_many(rows).exec_without_returning(&**txn).await?;
        module::Entity::insert_many(some.iter().map(module)).exec_without_returning(&**txn).await?;
        let rows = some.iter().map(|f| f.release.clone().into_active_model());
        release::Entity::insert_many(rows).exec_without_returning(&**txn).await?;
        let public = some.iter().filter(|f| f.row.published_releases > 0).map(entry);
        catalog_entry::Entity::insert_many(public).exec_without_returning(&**txn).await?;
        let sets = some.iter().map(|f| catalog_facets::ActiveModel {
            id: Set(Facets::id(&f.facets_text())),
            facets: Set(f.facets.clone()),
        });
        let known = OnConflict::column(catalog_facets::Column::Id).do_nothing().to_owned();
        catalog_facets::Entity::insert_many(sets).on_conflict(known).exec_without_returning(&**txn).await?;
        let labels = some.iter().flat_map(|f| {
            f.labels.iter().map(|value| filter_label::ActiveModel {
                filter_id: Set(f.row.id),
                kind: Set(LabelKind::Label),
                value: Set(value.clone()),
            })
        });
        filter_label::Entity::insert_many(labels).exec_without_returning(&**txn).await?;
        let drafts = some.iter().filter(|f| f.row.published_releases == 0).map(|f| &f.release);
        reviews::write(txn, drafts, maker.homes[3].id).await?;
    }
    let strangers = filters.iter().filter(|f| f.row.namespace_id != maker.reader.id);
    let first = filters.first().is_some_and(|f| f.row.namespace_id == maker.reader.id);
    for f in strangers.skip(100).take(if first { GRANTS as usize } else { 0 }) {
        let row = grant::ActiveModel {
            id: Set(Uuid::now_v7()),
            filter_id: Set(f.row.id),
            subject_id: Set(maker.reader.id),
            level: Set(GrantLevel::Read),
            expires_at: Set(None),
            created_by: Set(maker.reader.id),
            created_at: Set(Timestamp(BEGIN)),
        };
        grant::Entity::insert(row).exec_without_returning(&**txn).await?;
    }
    Ok(())
}

impl Filter {
    fn facets_text(&self) -> String {
        serde_json::to_string(&self.facets).unwrap_or_default()
    }
}

fn module(f: &Filter) -> module::ActiveModel {
    module::ActiveModel {
        sha256: Set(f.release.sha256.clone()),
        size: Set(f.release.size),
        generation: Set(0),
        state: Set(ModuleState::Live),
        condemned_at: Set(None),
        created_at: Set(Timestamp(BEGIN)),
        used_at: Set(Timestamp(BEGIN)),
    }
}

fn entry(f: &Filter) -> catalog_entry::ActiveModel {
    catalog_entry::ActiveModel {
        filter_id: Set(f.row.id),
        release_id: Set(f.release.id),
        namespace_id: Set(f.home),
        namespace: Set(f.document.namespace.parse().unwrap_or_else(|_| tamis_entities::value::Slug::ghost())),
        name: Set(f.row.name.clone()),
        title: Set(f.row.title.clone()),
        summary: Set(f.row.summary.clone()),
        version: Set(f.release.version.clone()),
        sha256: Set(f.release.sha256.clone()),
        plugin_type: Set(f.release.plugin_type),
        abi_version: Set(f.release.abi_version.clone()),
        licence: Set(f.release.metadata.licence.clone()),
        labels: Set(Strings(f.labels.clone())),
        categories: Set(Strings::default()),
        capabilities: Set(Strings(f.facets.capabilities.iter().cloned().collect())),
        facets: Set(Some(Facets::id(&f.facets_text()))),
        downloads: Set(0),
        published_at: Set(f.row.updated_at),
    }
}
