//! The built-in filters: uploaded, submitted, approved and released through the same use
//! cases as everyone's, by two system accounts that nothing else may use.
use crate::{
    auth::{
        Caller, UploadTarget, access,
        caller::{Identity, Via},
        table::Need,
    },
    error::{Error, Result},
    filters::{
        self,
        change::{FilterChange, MetadataChange, Patch},
    },
    jobs,
    modules::spool,
    operate::{accounts, instance},
    releases,
    reviews::{self, decide::VoteRequest, submit::ReviewRequest},
    state::State,
    teams::take_handle,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::{sync::Arc, time::Duration};
use tamis_entities::{
    namespace, release, review,
    value::{
        Decision, Example, MemberRole, NamespaceKind, PluginType, ReleaseState, ReviewAction, ReviewState,
        Role, Scopes, Slug, Version,
    },
};
use tamis_seed::SeedFilter;
use uuid::Uuid;

fn slug(text: &str) -> Result<Slug> {
    text.parse().map_err(|e: tamis_entities::value::Invalid| Error::internal(e.to_string()))
}

/// A namespace of ours; refused when somebody took the name before it was reserved.
async fn ours(state: &State, handle: &Slug) -> Result<Option<Uuid>> {
    match access::find_namespace(&*state.db, handle).await? {
        Some(namespace) if namespace.kind == NamespaceKind::System => Ok(Some(namespace.id)),
        Some(_) => Err(Error::conflict(
            "handle-taken",
            format!("`{handle}` belongs to somebody; start with --no-seed"),
        )),
        None => Ok(None),
    }
}

async fn account(
    state: &State,
    handle: &str,
    role: Role,
    teams: Vec<(Uuid, MemberRole)>,
) -> Result<Identity> {
    let handle = slug(handle)?;
    let id = match ours(state, &handle).await? {
        Some(id) => id,
        None => {
            let txn = state.db.begin_write().await?;
            let user = accounts::insert(state, &txn, &handle, role, NamespaceKind::System).await?;
            txn.commit().await?;
            user.id
        }
    };
    let (scopes, via) = (Scopes::of_role(role), Via::Operator);
    let (signed_in_at, ends_at, limit, robot) = (None, None, None, false);
    Ok(Identity { id, handle, role, scopes, teams, via, limit, robot, signed_in_at, ends_at })
}

async fn namespace(state: &State) -> Result<namespace::Model> {
    let handle = slug("tamis")?;
    if ours(state, &handle).await?.is_none() {
        let txn = state.db.begin_write().await?;
        take_handle(state, &txn, &handle, NamespaceKind::System).await?;
        txn.commit().await?;
    }
    access::find_namespace(&*state.db, &handle).await?.ok_or_else(Error::not_found)
}

/// Publishes what is not published yet. Safe to repeat, and on several replicas at once.
/// Without `--seed` only the first start does it: what was unpublished since stays so.
pub async fn run(state: &State) -> Result<u64> {
    const DONE: &str = "seeded";
    if !state.serve.seed && instance::read(&*state.db, DONE).await?.is_some() {
        return Ok(0);
    }
    // The embedded default is alone; a lease left by a start that was cut off must not stop it.
    let alone = state.store.is_embedded_database();
    if !alone && !jobs::lease::hold(state, "seed", Duration::from_secs(60)).await? {
        return Ok(0);
    }
    let namespace = namespace(state).await?;
    let author = account(state, "seed", Role::User, vec![(namespace.id, MemberRole::Owner)]).await?;
    let approver = account(state, "seed-review", Role::Curator, vec![]).await?;
    let mut published = 0;
    for seed in tamis_seed::filters().map_err(|e| Error::internal(e.to_string()))? {
        published += u64::from(publish(state, &namespace, &author, &approver, &seed).await?);
    }
    instance::keep(&state.db, DONE, || Ok(env!("CARGO_PKG_VERSION").to_owned())).await?;
    Ok(published)
}

async fn publish(
    state: &State,
    namespace: &namespace::Model,
    author: &Identity,
    approver: &Identity,
    seed: &SeedFilter,
) -> Result<bool> {
    let (name, version) = (slug(&seed.name)?, version(&seed.version)?);
    let caller = Caller(Some(Arc::new(author.clone())));
    let target = access::target(state, caller.clone(), &namespace.handle, &name).await?;
    if let UploadTarget::Existing(access) = &target
        && let Some(release) = access::find_release(&*state.db, access.filter.id, &version).await?
        && release.state != ReleaseState::Draft
    {
        return Ok(false);
    }
    describe(state, author, namespace, seed).await?;
    let target = access::target(state, caller.clone(), &namespace.handle, &name).await?;
    let bytes = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(seed.module))]);
    let spooled = spool::receive(state, bytes).await?;
    let uploaded = releases::upload(state, target, &version, spooled, MetadataChange::default()).await?;
    let request = ReviewRequest {
        namespace: namespace.handle.clone(),
        filter: name,
        version,
        action: ReviewAction::Publish,
        note: "Built into Tamis.".into(),
        metadata: None,
    };
    let review = match reviews::submit::submit(state, caller, request).await {
        Ok((_, _, review)) => review,
        // Left open by a start that was cut off.
        Err(error) if error.code() == "review-open" => {
            match open_review(state, author, &uploaded.release).await? {
                Some(review) => review,
                None => return Ok(false),
            }
        }
        Err(error) => return Err(error),
    };
    approve(state, approver, review).await?;
    Ok(true)
}

async fn open_review(
    state: &State,
    author: &Identity,
    release: &release::Model,
) -> Result<Option<review::Model>> {
    let open = review::Entity::find()
        .filter(review::Column::ReleaseId.eq(release.id))
        .filter(review::Column::SubmittedBy.eq(author.id))
        .filter(review::Column::State.is_in(reviews::OPEN.iter().copied()));
    Ok(open.one(&*state.db).await?)
}

async fn describe(
    state: &State,
    author: &Identity,
    namespace: &namespace::Model,
    seed: &SeedFilter,
) -> Result<()> {
    let name = slug(&seed.name)?;
    let txn = state.db.begin_write().await?;
    let filter = match access::find_filter(&*txn, namespace.id, &name).await? {
        Some(filter) => filter,
        None => filters::create(state, &txn, author, namespace, &name).await?,
    };
    filters::apply(state, &txn, author, namespace, filter, change(seed)).await?;
    txn.commit().await
}

fn change(seed: &SeedFilter) -> FilterChange {
    FilterChange {
        title: Patch::Set(seed.title.clone()),
        summary: Patch::Set(seed.summary.clone()),
        labels: Patch::Set(seed.labels.clone()),
        categories: Patch::Set(seed.categories.clone()),
        source_repository: seed.source_repository.clone().map_or(Patch::Keep, Patch::Set),
        defaults: MetadataChange {
            plugin_type: Patch::Set(plugin_type(seed.plugin_type)),
            root_id: Patch::Set(seed.root_id.clone()),
            licence: Patch::Set(seed.licence.clone()),
            readme: Patch::Set(seed.readme.to_owned()),
            config_schema: Patch::Set(seed.config_schema.clone()),
            config_sample: Patch::Set(seed.config_sample.clone()),
            environment_keys: Patch::Set(seed.environment_keys.clone()),
            examples: Patch::Set(seed.examples.iter().map(example).collect()),
            ..Default::default()
        },
        ..Default::default()
    }
}

fn plugin_type(declared: tamis_seed::PluginType) -> PluginType {
    match declared {
        tamis_seed::PluginType::Http => PluginType::Http,
        tamis_seed::PluginType::Network => PluginType::Network,
        tamis_seed::PluginType::Service => PluginType::Service,
    }
}

fn example(example: &tamis_seed::Example) -> Example {
    Example {
        title: example.title.clone(),
        body: format!("{}\n\n{:#}", example.description, example.configuration),
    }
}

async fn approve(state: &State, approver: &Identity, review: review::Model) -> Result<()> {
    reviews::checks::run(state, review.id).await?;
    let caller = Caller(Some(Arc::new(approver.clone())));
    let found = access::load_review(state, caller.clone(), review.id, Need::VoteReview).await?;
    if found.review.state != ReviewState::Approved {
        let vote = VoteRequest {
            decision: Decision::Approve,
            digest: review.sha256.clone(),
            revision: Some(review.revision.clone()),
            evidence: None,
            reason: None,
            note: Some("Built, verified and tried in Envoy with this version of Tamis.".into()),
        };
        reviews::decide::vote(state, &found, vote).await?;
    }
    let now = review::Entity::find_by_id(review.id).one(&*state.db).await?;
    if now.is_none_or(|r| r.state != ReviewState::Approved) {
        return Err(Error::internal("a built-in filter was not approved"));
    }
    reviews::release::release(state, &found).await?;
    Ok(())
}

fn version(text: &str) -> Result<Version> {
    text.parse().map_err(|e: tamis_entities::value::Invalid| Error::internal(e.to_string()))
}
