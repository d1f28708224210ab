//! Rows that no request can make here: they are put where they belong.
use super::world::{Target, World};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde_json::json;
use std::sync::atomic::{AtomicU32, Ordering};
use tamis_entities::{
    deployment, deployment_rule, filter, namespace, team, trusted_publisher, user,
    value::{Claims, DeliveryState, DeploymentState, Provider, Strings},
    webhook, webhook_delivery,
};

/// A handle is taken for ever, so each probe needs its own.
pub fn robot_of_this_probe() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("probe-{}x", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn is_of_deployment(path: &str) -> bool {
    let managed = ["/targets/{id}", "/deployments/{id}", "/deployment-rules/{id}", "/deployments/rules/{id}"];
    managed.iter().any(|one| path.contains(one))
}

impl World {
    /// A target of the team that nothing is ever sent to, and a deployment that was taken back.
    pub async fn deployment(&self) -> (String, String) {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("probe-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let body = json!({"namespace": "acme", "name": name, "kind": "webhook", "url": "https://192.0.2.1/"});
        let made = self.person("olga").post("/api/v1/targets", &body).await.expect(201).json();
        let target: uuid::Uuid = made["id"].as_str().unwrap().parse().unwrap();
        let row = deployment::Model {
            id: uuid::Uuid::now_v7(),
            target_id: target,
            filter_id: uuid::Uuid::nil(),
            namespace: "acme".parse().unwrap(),
            filter: "plain".parse().unwrap(),
            rule_id: None,
            release_id: None,
            version: None,
            sha256: None,
            config: json!({}),
            effective: json!({}),
            revision: 1,
            state: DeploymentState::Removed,
            wanted_by: uuid::Uuid::nil(),
            wanted_at: self.app.clock.now(),
            attempts: 0,
            failing_since: None,
            last_error: None,
            confirmed_revision: None,
            confirmed_version: None,
            confirmed_sha256: None,
            confirmed_at: None,
            sent: None,
            reported: None,
            reported_as: None,
            reported_at: None,
            drifted_at: None,
        };
        let ids = (target.to_string(), row.id.to_string());
        let db = &*self.app.state.db;
        // A rule of the same id: each probe asks for one of them.
        let rule = deployment_rule::Model {
            id: row.id,
            target_id: target,
            name: "probe".parse().unwrap(),
            selector: json!({"query": "", "version": "=9.9.9"}),
            config: json!({}),
            enabled: false,
            last_error: None,
            created_by: uuid::Uuid::nil(),
            created_at: self.app.clock.now(),
        };
        deployment_rule::Entity::insert(rule.into_active_model()).exec_without_returning(db).await.unwrap();
        deployment::Entity::insert(row.into_active_model()).exec_without_returning(db).await.unwrap();
        ids
    }

    /// A filter of the team and the team itself, by the ids that Meshery knows.
    pub async fn ids(&self, name: &str) -> (String, String) {
        let db = &*self.app.state.db;
        let named = filter::Entity::find().filter(filter::Column::Name.eq(name)).one(db).await;
        let found = named.unwrap().unwrap();
        let team = team::Entity::find_by_id(found.namespace_id).one(db).await.unwrap().unwrap();
        (found.meshery_id.to_string(), team.meshery_id.to_string())
    }

    pub async fn meshery_id(&self, person: &str) -> String {
        let db = &*self.app.state.db;
        let home = namespace::Entity::find().filter(namespace::Column::Handle.eq(person)).one(db).await;
        let id = home.unwrap().unwrap().id;
        user::Entity::find_by_id(id).one(db).await.unwrap().unwrap().meshery_id.to_string()
    }

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

    /// A capability URL of its own for each probe.
    pub async fn capability_url(&self, target: &Target) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("probe-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let path = format!("/api/v1/filters/{}/{}/capability-urls", target.namespace, target.filter);
        let body = json!({"name": name, "version": "1.0.0"});
        let made = self.person("olga").post(&path, &body).await.expect(201).json();
        made["id"].as_str().unwrap().to_owned()
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
