//! How much there is of everything, for who runs the server: counted when asked for, from the tables that
//! are there. Knows no page.
use crate::{error::Result, state::State};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use tamis_entities::{
    audit_entry, filter, job, module, release, review, team, user,
    value::{JobState, ModuleState, ReleaseState, ReviewState, Timestamp},
};

/// Failed jobs that are told one by one.
const MOST_TOLD: u64 = 10;

pub struct Figures {
    pub users: u64,
    pub robots: u64,
    pub teams: u64,
    pub filters: u64,
    pub published_filters: u64,
    pub releases: Vec<(ReleaseState, i64)>,
    pub reviews: Vec<(ReviewState, i64)>,
    pub modules: i64,
    pub bytes: i64,
    pub jobs: Jobs,
    pub audit: u64,
    /// Not in the chain yet; it takes a second.
    pub unsealed: u64,
    /// What the database calls its version.
    pub database: String,
}

pub struct Jobs {
    pub waiting: u64,
    pub running: u64,
    /// Tried in vain, to be tried again.
    pub failing: u64,
    pub dead: u64,
    /// Since when the one waits that should have run first.
    pub oldest: Option<Timestamp>,
    /// The newest that failed for the last time.
    pub told: Vec<job::Model>,
}

#[derive(FromQueryResult)]
struct Stored {
    modules: i64,
    bytes: i64,
}

pub async fn figures(state: &State) -> Result<Figures> {
    let db = &*state.db;
    let releases = release::Entity::find().select_only().column(release::Column::State);
    let releases = releases.column_as(release::Column::Id.count(), "n");
    let reviews = review::Entity::find().select_only().column(review::Column::State);
    let reviews = reviews.column_as(review::Column::Id.count(), "n").group_by(review::Column::State);
    let robots = user::Entity::find().filter(user::Column::RobotOf.is_not_null()).count(db).await?;
    let stored = stored(state).await?;
    let mut releases: Vec<(ReleaseState, i64)> =
        releases.group_by(release::Column::State).into_tuple().all(db).await?;
    let mut reviews: Vec<(ReviewState, i64)> = reviews.into_tuple().all(db).await?;
    releases.sort_unstable();
    reviews.sort_unstable();
    Ok(Figures {
        users: user::Entity::find().count(db).await? - robots,
        robots,
        teams: team::Entity::find().count(db).await?,
        filters: filter::Entity::find().count(db).await?,
        published_filters: filter::Entity::find()
            .filter(filter::Column::PublishedReleases.gt(0))
            .count(db)
            .await?,
        releases,
        reviews,
        modules: stored.modules,
        bytes: stored.bytes,
        jobs: jobs(state).await?,
        audit: audit_entry::Entity::find().count(db).await?,
        unsealed: audit_entry::Entity::find().filter(audit_entry::Column::Seq.is_null()).count(db).await?,
        database: version(state).await?,
    })
}

/// PostgreSQL sums up to a numeric, which is no integer to the driver.
async fn stored(state: &State) -> Result<Stored> {
    let live = module::Entity::find().filter(module::Column::State.eq(ModuleState::Live)).select_only();
    let live = live.column_as(module::Column::Sha256.count(), "modules");
    let live = live.expr_as(Expr::cust("CAST(COALESCE(SUM(size), 0) AS bigint)"), "bytes");
    Ok(live.into_model().one(&*state.db).await?.unwrap_or(Stored { modules: 0, bytes: 0 }))
}

async fn jobs(state: &State) -> Result<Jobs> {
    let (db, now) = (&*state.db, state.clock.now());
    let of = |which: JobState| job::Entity::find().filter(job::Column::State.eq(which));
    let queued = of(JobState::Queued).count(db).await?;
    let running = of(JobState::Queued).filter(job::Column::LeaseUntil.gt(now)).count(db).await?;
    let due = of(JobState::Queued).filter(job::Column::RunAt.lte(now));
    let oldest = due.order_by_asc(job::Column::RunAt).limit(1).one(db).await?;
    let told = of(JobState::Dead).order_by_desc(job::Column::Id).limit(MOST_TOLD).all(db).await?;
    Ok(Jobs {
        waiting: queued.saturating_sub(running),
        running,
        failing: of(JobState::Queued).filter(job::Column::LastError.is_not_null()).count(db).await?,
        dead: of(JobState::Dead).count(db).await?,
        oldest: oldest.map(|job| job.run_at),
        told,
    })
}

async fn version(state: &State) -> Result<String> {
    let (name, ask) = match state.db.is_sqlite() {
        true => ("SQLite", "sqlite_version()"),
        false => ("PostgreSQL", "current_setting('server_version')"),
    };
    let select = sea_orm::sea_query::Query::select().expr(Expr::cust(ask)).to_owned();
    let row = sea_orm::ConnectionTrait::query_one(&*state.db, &select).await?;
    let version = row.and_then(|row| row.try_get_by_index::<String>(0).ok()).unwrap_or_default();
    Ok(format!("{name} {version}").trim().to_owned())
}
