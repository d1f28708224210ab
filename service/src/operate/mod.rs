//! What operators do: accounts, first start, seeding, checking and saving the stores.
//! Each command works beside a running server.
pub mod accounts;
pub mod backup;
pub mod figures;
pub mod fsck;
pub mod instance;
pub mod seed;
