//! What every slice may reach. Knows what the parts are, not what anybody does with them;
//! `app` puts them together.
use crate::{
    catalog::{facets::Known, recent::Recent},
    clock::Clock,
    config::{ServeArgs, StoreArgs},
    counts::Counts,
    db::Db,
    http::limits::Limits,
    jobs::wakeup::Wakeup,
    modules::{hot::Hot, verifiers::Verifiers},
    notify::mail::Mailer,
    oauth,
    publishing::issuer::Issuers,
    reviews::policy::Policy,
    sign_in::SignIn,
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
    pub recent: Recent,
    /// Stored modules read as a whole at once, until the work on them is done.
    pub readings: Arc<Semaphore>,
    /// Modules that are downloaded often.
    pub hot: Hot,
    /// Bodies being received or stored at once; more wait their turn.
    pub transfers: Semaphore,
    pub outbound: tamis_outbound::Client,
    /// The same with the bounds of a message.
    pub webhooks: tamis_outbound::Client,
    /// None when the operator gave no mail server.
    pub mail: Option<Mailer>,
    pub jobs: Wakeup,
    /// Asked to stop: every answer from now on asks the client to connect anew, elsewhere.
    pub leaving: AtomicBool,
    pub oauth: oauth::Kept,
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
