//! What a caller may have of a repository's content: a form of a release is judged by its releases alone,
//! what refers to a form is read by whoever reads that, and all else is for members.
use super::{
    access::Repository,
    name::Digest,
    refusal::{Refusal, Result},
};
use crate::{
    auth::access::{self, Sight},
    modules::stopped,
    state::State,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, JoinType, Order, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, RelationDef, Select,
    sea_query::{Expr, SelectStatement},
};
use std::collections::HashSet;
use tamis_entities::{
    registry_blob, registry_link, registry_manifest, release, release_form,
    value::{ReleaseState, Sha256, Visibility},
};
use uuid::Uuid;

/// A signature of an attestation of a module is three away from it.
const HOPS: usize = 3;
/// Releases that are looked at for one thing: those first that may close it, then those that open it.
const MOST: u64 = 100;
/// `{}`, which stands for "nothing" in artifacts of all kinds: that one of them is closed says nothing of it.
const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// How open something is that the caller may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// Anyone may have it.
    Public,
    Private,
}

/// By what the caller may have it.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    pub how: Open,
    /// The release that it is a form of; none for what only refers to one.
    pub release: Option<Uuid>,
}

const SAME_BYTES: &str = "the same bytes are quarantined as a release of another filter";

const INSIDE: Opened = Opened { how: Open::Private, release: None };

/// A manifest without its bytes.
#[derive(Clone, Debug, sea_orm::FromQueryResult)]
pub struct Found {
    pub id: Uuid,
    pub digest: String,
    pub subject: Option<String>,
}

pub async fn find(state: &State, filter: Uuid, digest: &str) -> Result<Option<Found>> {
    use registry_manifest::Column::{Digest, FilterId, Id, Subject};
    let named = registry_manifest::Entity::find().filter(FilterId.eq(filter)).filter(Digest.eq(digest));
    let bare = named.select_only().columns([Id, Digest, Subject]);
    Ok(bare.into_model::<Found>().one(&*state.db).await?)
}

impl Repository {
    /// What the caller may have of something that these releases hold: `None` says that they give nothing.
    async fn judge(&self, state: &State, releases: &[release::Model]) -> Result<Option<Opened>> {
        let elsewhere = self.stopped_elsewhere(state, releases).await?;
        let sight = |release: &release::Model| self.relation.sight(&self.filter, release);
        let barred = |r: &release::Model| match r.state {
            ReleaseState::Quarantined => !matches!(sight(r), Sight::Bytes | Sight::Nothing),
            _ => elsewhere.contains(&r.sha256),
        };
        let shut: Vec<_> = releases.iter().filter(|r| barred(r)).collect();
        let mut best: Option<Opened> = None;
        let mut metadata = false;
        // What another module has, too, is a part that they share, such as a small configuration.
        for release in releases.iter().filter(|r| shut.iter().all(|shut| shut.sha256 != r.sha256)) {
            let sight = sight(release);
            metadata |= sight == Sight::Metadata;
            let open = matches!(release.state, ReleaseState::Published | ReleaseState::Yanked);
            if sight == Sight::Bytes && (open || best.is_none()) {
                let how = if open { Open::Public } else { Open::Private };
                best = Some(Opened { how, release: Some(release.id) });
            }
        }
        match (best, shut.first()) {
            (Some(best), _) => Ok(Some(best)),
            (None, Some(release)) if release.state == ReleaseState::Quarantined => {
                Err(Refusal::denied(access::quarantined(release).detail()))
            }
            (None, Some(_)) => Err(Refusal::denied(SAME_BYTES)),
            (None, None) if metadata => {
                Err(Refusal::denied("an administrator sees that this release exists, not its bytes"))
            }
            (None, None) => Ok(None),
        }
    }

    /// Bytes that are quarantined as a release of another filter. Its members and curators may look at them still.
    async fn stopped_elsewhere(&self, state: &State, releases: &[release::Model]) -> Result<HashSet<Sha256>> {
        if self.is_insider() || self.relation.curator {
            return Ok(HashSet::new());
        }
        Ok(stopped::among(state, releases.iter().map(|r| r.sha256.clone())).await?)
    }

    fn inside(&self) -> Option<Opened> {
        self.is_insider().then_some(INSIDE)
    }

    /// Whether the caller may have a manifest; an error if they may know why not.
    pub async fn opens(&self, state: &State, manifest: &Found) -> Result<Option<Opened>> {
        let mut at = manifest.clone();
        for hops in 0..=HOPS {
            let releases = self.releases(state, releases_of(at.id)).await?;
            if !releases.is_empty() {
                // Whatever it refers to: a draft's subject may be public, the draft is not for that.
                let open = self.judge(state, &releases).await?;
                let open = open.map(|o| Opened { release: o.release.filter(|_| hops == 0), ..o });
                return Ok(open.or_else(|| self.inside()));
            }
            let Some(subject) = at.subject.take() else { break };
            let Some(next) = find(state, self.filter.id, &subject).await? else { break };
            at = next;
        }
        Ok(self.inside())
    }

    /// The same for a blob: by the manifests that name it.
    pub async fn opens_blob(&self, state: &State, digest: &Digest) -> Result<Option<Opened>> {
        let held = self.releases(state, holding(self.names(state, digest).await?)).await?;
        let decided = self.judge(state, &held).await;
        let shared = digest.as_str() == EMPTY;
        match decided {
            Ok(None) => {}
            Err(_) if shared => {}
            decided => return decided,
        }
        if self.is_insider() {
            return Ok(Some(INSIDE));
        }
        // The bytes of a release that is not for them are not had by another name either.
        if !held.is_empty() && !shared {
            return Ok(None);
        }
        match self.through_subjects(state, digest).await? {
            None => decided,
            open => Ok(open),
        }
    }

    /// Every name that the bytes have here: one of another algorithm opens no more.
    async fn names(&self, state: &State, digest: &Digest) -> Result<Vec<String>> {
        use registry_blob::Column::{Digest as Name, FilterId, Sha256 as Bytes};
        let here = || registry_blob::Entity::find().select_only().filter(FilterId.eq(self.filter.id));
        let bytes = here().column(Bytes).filter(Name.eq(digest.as_str())).into_query();
        let mut names: Vec<String> =
            here().column(Name).filter(Bytes.in_subquery(bytes)).into_tuple().all(&*state.db).await?;
        names.push(digest.as_str().to_owned());
        Ok(names)
    }

    /// By what refers to a release, and by what refers to that: a question for each step.
    async fn through_subjects(&self, state: &State, digest: &Digest) -> Result<Option<Opened>> {
        use registry_manifest::Column;
        let naming = self.plain().join(JoinType::InnerJoin, link_of());
        let mut subjects = naming.filter(registry_link::Column::Digest.eq(digest.as_str())).into_query();
        let mut barred = Ok(None);
        for _ in 0..HOPS {
            let named = registry_manifest::Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(Column::FilterId.eq(self.filter.id))
                .filter(Column::Digest.in_subquery(subjects.clone()))
                .into_query();
            match self.judge(state, &self.releases(state, releases_of_any(named)).await?).await {
                Ok(Some(open)) => return Ok(Some(Opened { release: None, ..open })),
                Ok(None) => {}
                Err(refusal) => barred = Err(refusal),
            }
            subjects = self.plain().filter(Column::Digest.in_subquery(subjects)).into_query();
        }
        barred
    }

    /// The subjects of this repository's manifests that are no forms.
    fn plain(&self) -> Select<registry_manifest::Entity> {
        use registry_manifest::Column;
        registry_manifest::Entity::find()
            .select_only()
            .column(Column::Subject)
            .filter(Column::FilterId.eq(self.filter.id))
            .filter(Column::Subject.is_not_null())
            .filter(is_form().not())
    }

    async fn releases(&self, state: &State, ids: SelectStatement) -> Result<Vec<release::Model>> {
        use release::Column;
        let quarantined = Expr::case(Column::State.eq(ReleaseState::Quarantined), 0);
        let rank: Expr = quarantined.case(Column::State.ne(ReleaseState::Draft), 1).finally(2).into();
        let here = release::Entity::find().filter(Column::FilterId.eq(self.filter.id));
        let these = here.filter(Column::Id.in_subquery(ids));
        Ok(these.order_by(rank, Order::Asc).order_by_asc(Column::Id).limit(MOST).all(&*state.db).await?)
    }

    /// For lists of manifests: those that are no forms, and the forms of what the caller may read.
    pub fn listable(&self) -> Condition {
        if self.is_insider() {
            return Condition::all();
        }
        let mut states = vec![ReleaseState::Published, ReleaseState::Yanked];
        let open = self.filter.visibility == Visibility::Public && self.relation.id.is_some();
        if open || self.relation.reviews {
            states.push(ReleaseState::Draft);
        }
        if self.relation.curator {
            states.push(ReleaseState::Quarantined);
        }
        let readable = release::Entity::find()
            .select_only()
            .column(release::Column::Id)
            .filter(release::Column::FilterId.eq(self.filter.id))
            .filter(release::Column::State.is_in(states));
        let forms = release_form::Entity::find()
            .select_only()
            .column(release_form::Column::ManifestId)
            .filter(release_form::Column::ReleaseId.in_subquery(readable.into_query()));
        let theirs = registry_manifest::Column::Id.in_subquery(forms.into_query());
        Condition::any().add(is_form().not()).add(theirs)
    }
}

/// Of a manifest in the question around this one.
fn is_form() -> Expr {
    let own = Expr::col((registry_manifest::Entity, registry_manifest::Column::Id));
    let forms = release_form::Entity::find()
        .select_only()
        .column(release_form::Column::ReleaseId)
        .filter(own.equals((release_form::Entity, release_form::Column::ManifestId)));
    Expr::exists(forms.into_query())
}

fn link_of() -> RelationDef {
    registry_manifest::Entity::belongs_to(registry_link::Entity)
        .from(registry_manifest::Column::Id)
        .to(registry_link::Column::ManifestId)
        .into()
}

/// The ids of the releases that a manifest is a form of.
fn releases_of(manifest: Uuid) -> SelectStatement {
    let forms = release_form::Entity::find().select_only().column(release_form::Column::ReleaseId);
    forms.filter(release_form::Column::ManifestId.eq(manifest)).into_query()
}

fn releases_of_any(manifests: SelectStatement) -> SelectStatement {
    let forms = release_form::Entity::find().select_only().column(release_form::Column::ReleaseId);
    forms.filter(release_form::Column::ManifestId.in_subquery(manifests)).into_query()
}

/// The ids of releases with a form that names a blob so.
fn holding(names: Vec<String>) -> SelectStatement {
    let naming = registry_link::Entity::find()
        .select_only()
        .column(registry_link::Column::ManifestId)
        .filter(registry_link::Column::Digest.is_in(names));
    releases_of_any(naming.into_query())
}
