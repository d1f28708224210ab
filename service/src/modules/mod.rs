//! Module bytes: received to a spool file while hashed, verified, stored under their digest,
//! named by a row only when the store has confirmed them, and collected when nobody
//! names them any more. Knows nothing of filters but that releases hold references.
pub mod deliver;
pub mod gc;
pub mod hot;
pub mod http;
pub mod objects;
mod permission;
pub mod spool;
pub mod standing;
pub mod stopped;
pub mod store;
pub mod texts;
pub mod verifiers;
