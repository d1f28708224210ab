//! A request for one action on one release, bound to digest and revision.
use sea_orm::entity::prelude::*;

use crate::value::{Addends, Metadata, ReviewAction, ReviewState, Sha256, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "reviews")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(indexed)]
    pub filter_id: Uuid,
    #[sea_orm(indexed)]
    pub release_id: Uuid,
    pub action: ReviewAction,
    #[sea_orm(indexed)]
    pub state: ReviewState,
    pub sha256: Sha256,
    pub revision: Sha256,
    /// The metadata that an `update` would put in place of the approved one.
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub proposed: Option<Metadata>,
    pub submitted_by: Uuid,
    #[sea_orm(column_type = "Text")]
    pub note: String,
    pub quorum: i64,
    pub assignee: Option<Uuid>,
    /// Until when who took it holds it without giving a sign; null: given by somebody, or held by nobody.
    pub lease_until: Option<Timestamp>,
    pub due_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub decided_at: Option<Timestamp>,
    /// When it came to stand still with the author: the due time moves by as long as that lasts.
    pub paused_at: Option<Timestamp>,
    pub escalated_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    /// Counts how often the request was put to the curators; votes count in their own round only.
    pub round: i64,
    /// The hash of the checks' results and the report that the deciders saw.
    pub evidence: Option<Sha256>,
    /// The hash of the policy under which the checks ran.
    pub policy: Option<String>,
    /// The sum of the addends, for the order of the queue; never shown alone.
    pub risk: i64,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub addends: Option<Addends>,
    /// Nothing of the namespace had been published when this was asked for.
    pub first_publication: bool,
    /// Published without quorum, by an administrator and a second person.
    pub break_glass: bool,
}

impl ActiveModelBehavior for ActiveModel {}
