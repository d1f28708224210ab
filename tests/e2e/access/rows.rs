//! Rows that no request can make here: they are put where they belong.
use super::world::{Target, World};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use tamis_entities::{
    filter, namespace, trusted_publisher,
    value::{Claims, DeliveryState, Provider, Strings},
    webhook, webhook_delivery,
};

impl World {
    /// A publisher of the filter, put there without asking its issuer.
    pub async fn publisher(&self, target: &Target) -> String {
        let db = &*self.app.state.db;
        let named = filter::Entity::find().filter(filter::Column::Name.eq(target.filter.as_str()));
        let filter = named.one(db).await.unwrap().unwrap();
        let row = trusted_publisher::Model {
            id: uuid::Uuid::now_v7(),
            filter_id: filter.id,
            provider: Provider::Other,
            issuer: "https://issuer.example".into(),
            audience: "tamis".into(),
            claims: Claims([("sub".to_owned(), "job".to_owned())].into()),
            created_by: filter.created_by,
            created_at: self.app.clock.now(),
            last_used_at: None,
        };
        let id = row.id.to_string();
        trusted_publisher::Entity::insert(row.into_active_model()).exec_without_returning(db).await.unwrap();
        id
    }

    /// A webhook of the team and a message of it that was sent, or rather given up, long ago.
    pub async fn webhook(&self) -> (String, String) {
        let db = &*self.app.state.db;
        let team = namespace::Entity::find().filter(namespace::Column::Handle.eq("acme")).one(db).await;
        let hook = webhook::Model {
            id: uuid::Uuid::now_v7(),
            namespace_id: team.unwrap().unwrap().id,
            url: "https://192.0.2.1/".into(),
            kinds: Strings::default(),
            enabled: false,
            secret: webhook::HookSecret("whsec_AAAA".into()),
            former_secret: None,
            former_until: None,
            created_by: uuid::Uuid::nil(),
            created_at: self.app.clock.now(),
        };
        let delivery = webhook_delivery::Model {
            id: uuid::Uuid::now_v7(),
            webhook_id: hook.id,
            event_id: None,
            kind: "ping".into(),
            body: "{}".into(),
            state: DeliveryState::Pending,
            attempts: 0,
            next_at: None,
            last_status: None,
            last_error: None,
            created_at: self.app.clock.now(),
            delivered_at: None,
        };
        let ids = (hook.id.to_string(), delivery.id.to_string());
        webhook::Entity::insert(hook.into_active_model()).exec_without_returning(db).await.unwrap();
        webhook_delivery::Entity::insert(delivery.into_active_model())
            .exec_without_returning(db)
            .await
            .unwrap();
        ids
    }
}
