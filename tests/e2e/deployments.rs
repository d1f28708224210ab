//! Deployment: targets, what is wanted of them, and how they get there, against a strict Meshery Server and a
//! receiver of signed messages over real HTTP.
mod back;
mod browser;
mod meshery_server;
mod moved;
mod refused;
mod rules;
mod scripts;
mod secrets;
mod stopped;
mod targets;
mod wanted;

use meshery_server::Server;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{app::TestApp, client::Person, crash::eventually, fixtures::distinct};
use tamis_entities::{meshery_server as known, value::MesheryServerState};

const TARGETS: &str = "/api/v1/targets";
const DEPLOYMENTS: &str = "/api/v1/deployments";
pub const TOKEN: &str = "canary-of-a-meshery-token-0123456789";

struct World {
    app: TestApp,
    alice: Person,
    carl: Person,
}

/// Answers are waited for only shortly, and tried again at once.
const QUICK: [&str; 8] = [
    "--allow-network",
    "127.0.0.0/8",
    "--target-timeout-ms",
    "500",
    "--deploy-pause-ms",
    "50",
    "--deploy-longest-pause",
    "1",
];

impl World {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(more: &[&str]) -> Self {
        let app = TestApp::spawn_with(&[&QUICK, more].concat()).await;
        let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
        Self { app, alice, carl }
    }

    /// As an administrator does with a server that uses this Tamis as its provider.
    async fn let_in(&self, server: &Server) {
        let row = known::Model {
            id: uuid::Uuid::now_v7(),
            origin: server.url.clone(),
            name: server.url.clone(),
            state: MesheryServerState::Approved,
            instance_id: None,
            version: None,
            build: None,
            requested_by: None,
            decided_by: None,
            created_at: self.app.clock.now(),
            last_seen_at: None,
        };
        let row = known::Entity::insert(row.into_active_model());
        row.exec_without_returning(&*self.app.state.db).await.unwrap();
    }

    /// A published release of `alice/f`; its digest.
    async fn publish(&self, version: &str) -> String {
        let bytes = distinct(&format!("deployed {version}"), 10);
        self.app.publish(&self.alice, &self.carl, "alice/f", version, &bytes).await;
        tamis_e2e::fixtures::sha256(&bytes)
    }

    /// A target that the server is; its id.
    async fn target(&self, name: &str, server: &Server) -> String {
        let token = server.with(|i| i.token.clone());
        let mut body = json!({"namespace": "alice", "name": name, "kind": "meshery", "url": server.url});
        if let Some(token) = token {
            body["sign_in"] = "token".into();
            body["provider"] = "Tamis".into();
            body["token"] = token.into();
        }
        id(&self.alice.post(TARGETS, &body).await.expect(201).json())
    }

    async fn deploy(&self, target: &str, version: &str, config: Value) -> String {
        let body = wanted(&[target], version, config);
        id(&self.alice.post(DEPLOYMENTS, &body).await.expect(202).json()["items"][0])
    }

    async fn get(&self, deployment: &str) -> Value {
        self.alice.get(&format!("{DEPLOYMENTS}/{deployment}")).await.expect(200).json()
    }

    /// Waits until nothing is left to do for it.
    async fn settled(&self, deployment: &str, state: &str) -> Value {
        let done = eventually(Duration::from_secs(30), async || self.get(deployment).await["state"] == state);
        assert!(done.await, "not {state}: {:#}", self.get(deployment).await);
        self.get(deployment).await
    }

    async fn attempts(&self, deployment: &str) -> Vec<Value> {
        let page = self.alice.get(&format!("{DEPLOYMENTS}/{deployment}/attempts?limit=100")).await;
        page.expect(200).json()["items"].as_array().unwrap().clone()
    }
}

fn id(row: &Value) -> String {
    row["id"].as_str().unwrap().to_owned()
}

fn wanted(targets: &[&str], version: &str, config: Value) -> Value {
    let release = json!({"namespace": "alice", "filter": "f", "version": version, "config": config});
    json!({"targets": targets, "releases": [release]})
}
