//! Reading manifests that come in. As a tree of values a large one takes many times its bytes: a few are in
//! work at once, the others wait, and none keeps the threads that serve from serving.
use super::{
    document::{self, Document},
    refusal::{Refusal, Result},
};
use crate::{error::Error, state::State};
use tokio::sync::OwnedSemaphorePermit;

/// What the manifests of filters, signatures and the like stay far below.
const SMALL: usize = 64 * 1024;

/// The right to hold a manifest of this size; small ones need none.
pub async fn turn(state: &State, size: usize) -> Result<Option<OwnedSemaphorePermit>> {
    if size <= SMALL {
        return Ok(None);
    }
    let turn = state.readings.clone().acquire_owned().await;
    Ok(Some(turn.map_err(|e| Error::internal(e.to_string()))?))
}

/// What came as a manifest, and what it says.
pub struct Manifest {
    pub content: Vec<u8>,
    pub media_type: String,
    pub document: Document,
    /// Held until it is written.
    pub turn: Option<OwnedSemaphorePermit>,
}

/// `media_type`: as the client named it, if it did.
pub async fn read(state: &State, content: Vec<u8>, media_type: Option<String>) -> Result<Manifest> {
    let turn = turn(state, content.len()).await?;
    let large = turn.is_some();
    let work = move || {
        let (document, media_type) = document::read_as(&content, media_type)?;
        Ok(Manifest { content, media_type, document, turn })
    };
    let read = if large { state.verifiers.run(work).await? } else { work() };
    read.map_err(|fault: document::Fault| Refusal::manifest_invalid(fault.0))
}
