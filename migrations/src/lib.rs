//! The history of the schema: append-only, one file a step, never edited once released.
//! Knows nothing of the rest of the workspace, so that an old step always means the same.
pub use sea_orm_migration::prelude::{MigratorTrait, SchemaManager};
use sea_orm_migration::{MigrationTrait, async_trait};

mod m0001_people;
mod m0002_filters;
mod m0003_reviews;
mod m0004_machinery;
mod m0005_search;
mod m0006_idempotency;
mod m0007_list_indexes;
mod m0008_oauth;
mod m0009_sign_in;
mod m0010_tokens;
mod m0011_teams;
mod m0012_facets;
mod m0013_review_acts;
mod m0014_counts;
mod m0015_notice;
mod m0016_queue;
mod m0017_registry;
mod m0019_capability_urls;
mod m0020_meshery;
mod m0021_deployment;
mod m0023_design_shares;
mod m0024_rounds;
mod m0025_appeals;
mod m0026_collecting;
mod m0027_audit_filters;
mod table;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_people::Step),
            Box::new(m0002_filters::Step),
            Box::new(m0003_reviews::Step),
            Box::new(m0004_machinery::Step),
            Box::new(m0005_search::Step),
            Box::new(m0006_idempotency::Step),
            Box::new(m0007_list_indexes::Step),
            Box::new(m0008_oauth::Step),
            Box::new(m0009_sign_in::Step),
            Box::new(m0010_tokens::Step),
            Box::new(m0011_teams::Step),
            Box::new(m0012_facets::Step),
            Box::new(m0013_review_acts::Step),
            Box::new(m0014_counts::Step),
            Box::new(m0015_notice::Step),
            Box::new(m0016_queue::Step),
            Box::new(m0017_registry::Step),
            Box::new(m0019_capability_urls::Step),
            Box::new(m0020_meshery::Step),
            Box::new(m0021_deployment::Step),
            Box::new(m0023_design_shares::Step),
            Box::new(m0024_rounds::Step),
            Box::new(m0025_appeals::Step),
            Box::new(m0026_collecting::Step),
            Box::new(m0027_audit_filters::Step),
        ]
    }
}
