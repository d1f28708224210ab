//! Tamis as a Remote Provider of Meshery: its Servers log people in here and keep filters, catalog, designs
//! and results here, as they do with Meshery Cloud. Another door to the use cases of `/api/v1`, with
//! Meshery's paths, shapes and statuses; holds no second truth about filters, releases or reviews. Its routes
//! are Meshery's protocol, so they are no part of our OpenAPI document.
pub mod api_tokens;
pub mod around;
pub mod asked;
pub mod body;
pub mod capabilities;
pub mod catalog;
pub mod component;
pub mod designs;
pub mod documents;
pub mod events;
pub mod filters;
pub mod handshake;
pub mod login;
pub mod merge;
pub mod performance;
pub mod permissions;
pub mod profile;
pub mod refused;
pub mod requests;
pub mod servers;
pub mod sessions;
pub mod shares;
pub mod source;
pub mod teams;
pub mod tokens;
pub mod wire;

use crate::signing_keys::{Keys, Rs256};
use std::sync::Arc;
use tokio::sync::Semaphore;
use utoipa_actix_web::service_config::ServiceConfig;

/// Large bodies that are read at once: each may hold a module as text.
const BODIES: usize = 16;

/// What this process keeps between requests.
pub struct Kept {
    pub keys: Keys<Rs256>,
    pub bodies: Arc<Semaphore>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { keys: Keys::new(tokens::ACCESS_LIFE), bodies: Arc::new(Semaphore::new(BODIES)) }
    }
}

/// Before the console's start page, which has the path of the oldest login.
pub fn configure_login(config: &mut ServiceConfig<'_>) {
    login::configure(config);
}

pub fn configure(config: &mut ServiceConfig<'_>) {
    handshake::configure(config);
    filters::configure(config);
    catalog::configure(config);
    requests::configure(config);
    designs::configure(config);
    performance::configure(config);
    teams::configure(config);
    shares::configure(config);
    events::configure(config);
    api_tokens::configure(config);
    around::configure(config);
    capabilities::configure(config);
}
