//! What breaks: processes killed, disks full, stores away, bytes rotten; and that nothing
//! which was acknowledged is lost by it.
mod collector;
#[cfg(feature = "engines")]
mod full_disk;
mod kills;
mod objects;
mod points;
mod proxy;
mod rot;
mod store_away;
