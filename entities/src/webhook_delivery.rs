//! One message to one webhook, and how its sending went.
use sea_orm::entity::prelude::*;

use crate::value::{DeliveryState, Timestamp};
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "webhook_deliveries")]
pub struct Model {
    /// The `webhook-id` of the message: the same however often it is sent.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(unique_key = "once")]
    pub webhook_id: Uuid,
    /// None of a ping.
    #[sea_orm(unique_key = "once")]
    pub event_id: Option<Uuid>,
    /// The `type` of the message.
    pub kind: String,
    /// Exactly the bytes that are signed and sent.
    #[sea_orm(column_type = "Text")]
    pub body: String,
    pub state: DeliveryState,
    pub attempts: i64,
    pub next_at: Option<Timestamp>,
    pub last_status: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    pub delivered_at: Option<Timestamp>,
}

impl ActiveModelBehavior for ActiveModel {}
