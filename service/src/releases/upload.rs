//! An upload: the one way in which a release is made of new bytes, whatever door they came by.
use super::{Facts, check_tombstone, insert};
use crate::{
    audit::{self, Actor},
    auth::{Caller, FilterAccess, Identity, UploadTarget, access, again::again},
    db::WriteTxn,
    error::{Error, Result},
    fail_here, failpoint,
    filters::{self, change::MetadataChange},
    modules::{
        spool::Spooled,
        store::{self, Admitted, Named},
    },
    registry::forms::{self, Held, Prepared, Pushed},
    state::State,
};
use sea_orm::ConnectionTrait;
use serde_json::json;
use tamis_entities::{
    filter, namespace, release,
    value::{MemberRole, Metadata, Sha256, Slug, Version},
};

pub struct Uploaded {
    pub namespace: namespace::Model,
    pub filter: filter::Model,
    pub release: release::Model,
    /// False: the same bytes were there already.
    pub created: bool,
}

/// What is to be made, and by whom.
struct Draft<'a> {
    caller: Caller,
    namespace: namespace::Model,
    name: Slug,
    version: &'a Version,
    metadata: Metadata,
    pushed: Option<&'a Pushed>,
}

/// Makes a draft release from a received file, through the same steps whatever door it came by.
pub async fn upload(
    state: &State,
    target: UploadTarget,
    version: &Version,
    spooled: Spooled,
    change: MetadataChange,
) -> Result<Uploaded> {
    make(state, target, version, spooled, change, None).await
}

/// The same of a module that came inside a manifest, which becomes one of its forms.
pub async fn upload_pushed(
    state: &State,
    target: UploadTarget,
    version: &Version,
    spooled: Spooled,
    pushed: &Pushed,
) -> Result<Uploaded> {
    make(state, target, version, spooled, MetadataChange::default(), Some(pushed)).await
}

async fn make(
    state: &State,
    target: UploadTarget,
    version: &Version,
    spooled: Spooled,
    change: MetadataChange,
    pushed: Option<&Pushed>,
) -> Result<Uploaded> {
    let (caller, namespace, name) = match target {
        UploadTarget::Existing(access) => {
            let FilterAccess { caller, namespace, filter, .. } = *access;
            (caller, namespace, filter.name)
        }
        UploadTarget::New { caller, namespace, name } => (caller, namespace, name),
    };
    let existing = access::find_filter(&*state.db, namespace.id, &name).await?;
    let mut metadata = existing.as_ref().map(|f| f.defaults.clone()).unwrap_or_default();
    change.apply(&mut metadata)?;
    // Refuse what is decided already before the expensive part.
    if let Some(filter) = &existing
        && let Some(release) = same_version(&*state.db, filter, &namespace, version, &spooled.sha256).await?
    {
        return Ok(Uploaded { namespace, filter: filter.clone(), release, created: false });
    }
    let draft = Draft { caller, namespace, name, version, metadata, pushed };
    let mut last = Error::unavailable("the module kept being collected while it was uploaded");
    for _ in 0..3 {
        match attempt(state, &draft, &spooled).await {
            Ok(Some(uploaded)) => return Ok(uploaded),
            // The module was condemned between storing and naming: store it again.
            Ok(None) => {}
            // Somebody made the filter or this very version meanwhile: look again what is there.
            Err(error) if error.code() == "conflict" || error.is_contention() => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

async fn attempt(state: &State, draft: &Draft<'_>, spooled: &Spooled) -> Result<Option<Uploaded>> {
    let admitted = store::admit(state, spooled, draft.metadata.plugin_type).await?;
    let forms = match forms::prepare(state, spooled, &draft.name, draft.version).await {
        Ok(forms) => forms,
        Err(error) => {
            store::end_lease(state, admitted.lease()).await;
            return Err(error);
        }
    };
    let outcome = commit(state, draft, &admitted, &forms).await;
    if !matches!(outcome, Ok(Some(Uploaded { created: true, .. }))) {
        store::end_lease(state, admitted.lease()).await;
        forms.end(state).await;
    }
    outcome
}

async fn commit(
    state: &State,
    draft: &Draft<'_>,
    admitted: &Admitted,
    forms: &Prepared,
) -> Result<Option<Uploaded>> {
    let Draft { caller, namespace, name, version, .. } = draft;
    let who = caller.identity().ok_or_else(|| Error::unauthenticated("sign in, or send a token"))?;
    let txn = state.db.begin_write().await?;
    let filter = match access::find_filter(&*txn, namespace.id, name).await? {
        Some(filter) => {
            let filter = access::relock_filter(&*txn, &filter).await?;
            check_still(state, &txn, who, Some(&filter), namespace).await?;
            filter
        }
        None => {
            check_still(state, &txn, who, None, namespace).await?;
            filters::create(state, &txn, who, namespace, name).await?
        }
    };
    if let Some(release) = same_version(&*txn, &filter, namespace, version, &admitted.sha256).await? {
        let namespace = namespace.clone();
        txn.commit().await?;
        return Ok(Some(Uploaded { namespace, filter, release, created: false }));
    }
    if let Named::Lost = forms.hold(state, &txn, Held::Admitted(admitted)).await? {
        return Ok(None);
    }
    let facts = Facts {
        sha256: admitted.sha256.clone(),
        size: i64::try_from(admitted.size).unwrap_or(i64::MAX),
        verdict: store::verdict(&admitted.report),
        abi_version: admitted.report.abi_version.clone(),
        metadata: draft.metadata.clone(),
        lineage: None,
    };
    let release = insert(state, &txn, who, &filter, version, facts).await?;
    forms.write(state, &txn, &filter, &release, draft.pushed).await?;
    let object = format!("release:{}/{name}@{version}", namespace.handle);
    let detail = json!({"digest": admitted.sha256, "size": admitted.size, "verdict": release.verdict});
    audit::record(&*txn, &state.clock, &Actor::from(who), "release.upload", object, detail).await?;
    fail_here!("upload.before-commit");
    if !failpoint::is_seeded(failpoint::ACK_BEFORE_COMMIT) {
        txn.commit().await?;
    }
    fail_here!("upload.after-commit");
    metrics::counter!("tamis_uploads_total").increment(1);
    Ok(Some(Uploaded { namespace: namespace.clone(), filter, release, created: true }))
}

/// An upload takes its time: whoever lost the right to make it meanwhile makes nothing.
async fn check_still(
    state: &State,
    txn: &WriteTxn<'_>,
    who: &Identity,
    filter: Option<&filter::Model>,
    namespace: &namespace::Model,
) -> Result<()> {
    let who = again(&**txn, who, state.clock.now()).await?;
    let may = match filter {
        Some(filter) => access::Relation::of(&**txn, &who, filter, state.clock.now()).await?.writes(),
        None => who.role_in(namespace.id) >= Some(MemberRole::Maintainer),
    };
    if may { Ok(()) } else { Err(Error::not_found()) }
}

/// The release of this version if it has these bytes; an error if the version is taken by others.
async fn same_version<C: ConnectionTrait>(
    db: &C,
    filter: &filter::Model,
    namespace: &namespace::Model,
    version: &Version,
    sha256: &Sha256,
) -> Result<Option<release::Model>> {
    if let Some(release) = access::find_release(db, filter.id, version).await? {
        if release.sha256 == *sha256 {
            return Ok(Some(release));
        }
        let detail = format!(
            "version {version} has the digest {}; a version never changes its bytes, so upload these as a new version",
            release.sha256.digest()
        );
        return Err(Error::conflict("release-exists", detail));
    }
    check_tombstone(db, namespace.id, &filter.name, version, sha256).await?;
    Ok(None)
}
