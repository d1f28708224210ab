//! What every slice may reach. Knows what the parts are, not what anybody does with them;
//! `app` puts them together.
use crate::{
    catalog::{facets::Known, view::CatalogFacets},
    clock::Clock,
    config::{ServeArgs, StoreArgs},
    counts::Counts,
    db::Db,
    http::limits::Limits,
    jobs::wakeup::Wakeup,
    meshery,
    modules::{hot::Hot, standing::Standing, verifiers::Verifiers},
    notify::mail::Mailer,
    oauth,
    publishing::issuer::Issuers,
    recent::Recent,
    registry,
    reviews::{policy::Policy, summary::ReviewSummary},
    sealing::Sealer,
    sign_in::SignIn,
    targets::defaults::Defaults,
};
use std::{
    ops::Deref,
    sync::{Arc, atomic::AtomicBool},
};
use tamis_blobs::BlobStore;
use tokio::sync::Semaphore;

/// Cheap to clone; one per process.
#[derive(Clone)]
pub struct State(Arc<Inner>);

pub struct Inner {
    pub db: Db,
    pub blobs: Arc<dyn BlobStore>,
    pub clock: Clock,
    pub store: StoreArgs,
    pub serve: ServeArgs,
    pub public_url: String,
    /// Signs cursors; made once per instance.
    pub secret: [u8; 32],
    /// At most one verification per core at once: each holds a whole module in memory.
    pub verifiers: Verifiers,
    /// What filters of the catalog have in common.
    pub facets: Known,
    /// Counts for pages: of the catalog, and of the queue.
    pub recent: Recent<CatalogFacets>,
    pub queue: Recent<ReviewSummary>,
    /// Stored modules read as a whole at once, until the work on them is done.
    pub readings: Arc<Semaphore>,
    /// Modules that are downloaded often.
    pub hot: Hot,
    /// Which of them anyone may have, as of a moment ago.
    pub standing: Standing,
    /// Bodies being received or stored at once; more wait their turn.
    pub transfers: Semaphore,
    pub outbound: tamis_outbound::Client,
    /// The same with the bounds of a message.
    pub webhooks: tamis_outbound::Client,
    /// The same for targets, and what their credentials are sealed with.
    pub targets: tamis_outbound::Client,
    pub sealer: Sealer,
    /// To this server by its public URL, which the operator named.
    pub own_address: tamis_outbound::Client,
    /// Tells the worker of this process that a target has something to do.
    pub deploying: Wakeup,
    /// Configuration that every target gets.
    pub deploy_defaults: Defaults,
    /// None when the operator gave no mail server.
    pub mail: Option<Mailer>,
    pub jobs: Wakeup,
    /// Asked to stop: every answer from now on asks the client to connect anew, elsewhere.
    pub leaving: AtomicBool,
    pub oauth: oauth::Kept,
    /// What anyone may pull at this moment.
    pub registry: registry::known::Known,
    pub meshery: meshery::Kept,
    pub sign_in: SignIn,
    /// The keys of those whose identity tokens are exchanged.
    pub issuers: Issuers,
    pub limits: Limits,
    /// What reviews take here.
    pub policy: Arc<Policy>,
    /// Downloads and clones that are not written yet.
    pub counts: Counts,
}

impl Deref for State {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl From<Inner> for State {
    fn from(parts: Inner) -> Self {
        Self(Arc::new(parts))
    }
}
