//! A receiver of signed messages: told what it is to hold, or to hold no longer. A repeated message has the same
//! id, and each has the revision, so that a receiver can drop what it has had and what is outdated.
use super::{Expected, Found, Item, Kind, Met, Removal};
use crate::{
    error::{Error, Result},
    targets::line::{Ask, Failure, Line, skew},
    webhooks::sign,
};
use async_trait::async_trait;
use serde_json::{Value, json};
use tamis_entities::{
    target,
    value::{TargetSignIn, Timestamp},
    webhook::HookSecret,
};
use tamis_outbound::Method;

pub struct Webhook;

struct Message<'a> {
    id: String,
    kind: &'a str,
    at: Timestamp,
    data: Value,
}

async fn send(line: &mut Line<'_>, message: Message<'_>) -> Result<tamis_outbound::Reply, Failure> {
    let now = line.state.clock.now();
    let target = line.target;
    let current =
        target.secret.as_ref().ok_or_else(|| Failure::never("the target has no secret; rotate it"))?;
    let former = target.former_secret.as_ref().filter(|_| target.former_until.is_some_and(|t| t > now));
    let mut secrets = vec![];
    for sealed in [Some(current), former].into_iter().flatten() {
        secrets.push(HookSecret(line.secret(sealed)?));
    }
    let body = json!({"type": message.kind, "timestamp": message.at, "data": message.data}).to_string();
    let headers = sign::headers(&secrets, &message.id, now, &body)?;
    line.ask(Ask { body: Some(body), hide_path: true, ..Ask::new(Method::POST, "", headers) }).await
}

fn about(item: &Item) -> Value {
    json!({
        "deployment": item.deployment, "revision": item.revision, "namespace": item.namespace,
        "filter": item.filter, "version": item.version, "digest": item.sha256.digest(),
    })
}

#[async_trait]
impl Kind for Webhook {
    fn check(&self, target: &target::Model, secret: Option<&str>) -> Result<()> {
        if target.sign_in != TargetSignIn::Nothing || target.provider.is_some() || secret.is_some() {
            return Err(Error::invalid(
                "sign_in",
                "a webhook has neither provider nor token: its messages are signed with a secret that Tamis makes",
            ));
        }
        Ok(())
    }

    fn fresh_secret(&self) -> Result<Option<String>> {
        Ok(Some(sign::fresh()?.0))
    }

    async fn probe(&self, line: &mut Line<'_>) -> Result<Met, Failure> {
        let now = line.state.clock.now();
        let id = format!("msg_probe_{}", uuid::Uuid::now_v7().simple());
        let data = json!({"target": line.target.id});
        let reply = send(line, Message { id, kind: "ping", at: now, data }).await?;
        Ok(Met { clock_skew: skew(&reply.headers, now), signed_in: Some(true), ..Met::default() })
    }

    fn sent(&self, item: &Item) -> Value {
        about(item)
    }

    async fn deploy(&self, line: &mut Line<'_>, item: &Item) -> Result<(), Failure> {
        let mut data = about(item);
        data["url"] = json!(item.url);
        data["sha256"] = json!(item.sha256.hex());
        data["size"] = json!(item.size);
        data["type"] = json!(if item.network { "network" } else { "http" });
        data["config"] = item.config.clone();
        let id = format!("msg_{}", item.key);
        send(line, Message { id, kind: "deployment.deploy", at: item.wanted_at, data }).await.map(|_| ())
    }

    async fn remove(&self, line: &mut Line<'_>, removal: &Removal) -> Result<(), Failure> {
        let mut data = removal.sent.clone();
        data["revision"] = json!(removal.revision);
        let id = format!("msg_{}", removal.key);
        send(line, Message { id, kind: "deployment.remove", at: removal.wanted_at, data }).await.map(|_| ())
    }

    async fn read_back(&self, _: &mut Line<'_>, _: &Expected) -> Result<Option<Found>, Failure> {
        Ok(None)
    }
}
