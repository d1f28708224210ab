//! The password of a local account, as argon2id in PHC form. Apart from the user's row, so
//! that nobody who reads a user has it in hand.
use sea_orm::entity::prelude::*;

use crate::value::Timestamp;
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "local_passwords")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub hash: String,
    pub changed_at: Timestamp,
}

impl ActiveModelBehavior for ActiveModel {}
