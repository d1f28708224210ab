//! Asking a target how it is: reachable, which version, signed in, whose clock. The answer is for people.
use super::{kinds, line::Line};
use crate::{auth::Identity, error::Result, state::State};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use tamis_entities::target;
use utoipa::ToSchema;
use uuid::Uuid;

/// Signatures and tokens bear this much.
const SKEW: i64 = 120;

#[derive(Serialize, ToSchema)]
pub struct ProbeView {
    /// All is as it should be.
    pub ready: bool,
    pub reachable: bool,
    /// As the server calls itself.
    pub version: Option<String>,
    /// Null: it could not be told.
    pub signed_in: Option<bool>,
    /// Seconds by which its clock is ahead of ours.
    pub clock_skew_seconds: Option<i64>,
    /// What is so and what to do, in sentences.
    pub words: Vec<String>,
}

pub async fn probe(state: &State, who: &Identity, id: Uuid) -> Result<ProbeView> {
    let (target, _) = super::find(&*state.db, who, id).await?;
    let mut line = Line::open(state, &target, None)?;
    let met = kinds::of(target.kind).probe(&mut line).await;
    let host = tamis_outbound::parse_url(&target.url).ok();
    let host = host.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    let mut view = ProbeView {
        ready: false,
        reachable: false,
        version: None,
        signed_in: None,
        clock_skew_seconds: None,
        words: vec![],
    };
    match met {
        Ok(met) => {
            view.reachable = true;
            (view.version, view.signed_in, view.clock_skew_seconds) =
                (met.version, met.signed_in, met.clock_skew);
            view.words.push(match &view.version {
                Some(version) => format!("{host} answers; it is Meshery {version}."),
                None => format!("{host} answers."),
            });
            view.words.extend(met.words);
            if let Some(skew) = view.clock_skew_seconds.filter(|s| s.abs() > SKEW) {
                let way = if skew > 0 { "ahead of" } else { "behind" };
                view.words.push(format!(
                    "Its clock is {} s {way} ours; signatures and tokens may be refused until it is set.",
                    skew.abs()
                ));
            }
            view.ready = view.signed_in != Some(false);
        }
        Err(failure) => {
            view.reachable = failure.status.is_some();
            view.words.push(failure.words);
        }
    }
    keep(state, &target, &view).await?;
    Ok(view)
}

async fn keep(state: &State, target: &target::Model, view: &ProbeView) -> Result<()> {
    let mut met = target::ActiveModel { id: Set(target.id), ..Default::default() };
    if view.reachable {
        met.last_contact_at = Set(Some(state.clock.now()));
        met.clock_skew = Set(view.clock_skew_seconds);
        met.version = Set(view.version.clone());
    }
    met.last_error = Set(view.words.last().filter(|_| !view.ready).cloned());
    let txn = state.db.begin_write().await?;
    target::Entity::update_many().set(met).filter(target::Column::Id.eq(target.id)).exec(&*txn).await?;
    txn.commit().await
}
