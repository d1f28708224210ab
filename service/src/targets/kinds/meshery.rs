//! A Meshery Server, by what it offers since 0.6: a filter is imported and then found by its name, because the
//! answer to an import names nothing; a design that pins the module's digest is deployed, and the same body takes
//! it back. One body serves the spellings of 0.7 and of 2026. What a server keeps of filters is `imports`.
mod imports;

use super::{Expected, Found, Item, Kind, Met, Removal, minted};
use crate::{
    error::{Error, Result},
    meshery::component::{Subject, render},
    targets::line::{Ask, Failure, Line, json_of, skew},
};
use async_trait::async_trait;
use imports::{Listed, have, list, other, tidy};
use serde_json::{Value, json};
use tamis_entities::{
    target,
    value::{Reported, TargetSignIn},
};
use tamis_outbound::{
    Method,
    header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue},
};
use uuid::Uuid;

pub struct Meshery;

/// Meshery's own provider, which asks for no token.
const BUILT_IN: &str = "None";
/// Larger modules are fetched by the server itself, if everybody may: a body holds a third more than the bytes.
const BY_BYTES: i64 = 8 * 1024 * 1024;

/// Ends the name of everything that this deployment imports, so that it is found again whatever became of an answer.
fn tag(deployment: Uuid) -> String {
    let all = deployment.simple().to_string();
    format!("t{}", &all[all.len() - 12..])
}

/// Of one wanted state; the digest is in it for people.
fn name(item: &Item) -> String {
    let digest = &item.sha256.hex()[..12];
    format!(
        "{}.{}-{}-{digest}-{}-r{}",
        item.namespace,
        item.filter,
        item.version,
        tag(item.deployment),
        item.revision
    )
}

/// As resources of a cluster may be called.
fn slug(item: &Item) -> String {
    let plain = format!("{}-{}", item.namespace, item.filter).replace(['.', '_'], "-");
    let plain: String = plain.chars().take(45).collect();
    format!("{}-{}", plain.trim_end_matches('-'), tag(item.deployment))
}

fn design(item: &Item) -> String {
    render(&Subject {
        name: format!("{}/{}", item.namespace, item.filter),
        slug: slug(item),
        version: item.version.to_string(),
        url: item.url.clone(),
        sha256: item.sha256.hex().to_owned(),
        network: item.network,
        config: Some(item.config.clone()),
    })
}

async fn headers(line: &mut Line<'_>, key: Option<&str>) -> Result<HeaderMap, Failure> {
    let target = line.target;
    let token = match (target.sign_in, &target.secret) {
        (TargetSignIn::Nothing, _) => None,
        (TargetSignIn::Token, Some(sealed)) => Some(line.secret(sealed)?),
        (TargetSignIn::Token, None) => {
            return Err(Failure::later("no token is stored for this target; store one"));
        }
        (TargetSignIn::Minted, _) => {
            let token = minted::token(line.state, target).await.map_err(|e| Failure::later(e.detail()))?;
            line.hidden.add(&token);
            Some(token)
        }
    };
    let provider = target.provider.as_deref().unwrap_or(BUILT_IN);
    let cookie = match token {
        Some(token) => format!("token={token}; meshery-provider={provider}"),
        None => format!("meshery-provider={provider}"),
    };
    let value = |text: &str| {
        HeaderValue::from_str(text)
            .map_err(|_| Failure::later("the stored token cannot be sent; store it again"))
    };
    let mut headers = HeaderMap::new();
    headers.insert(COOKIE, value(&cookie)?);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(key) = key {
        headers.insert(HeaderName::from_static("idempotency-key"), value(key)?);
    }
    Ok(headers)
}

/// Who is not signed in at a Meshery Server is led to a page for people.
fn get(path: impl Into<String>, headers: HeaderMap) -> Ask {
    Ask { login: true, ..Ask::new(Method::GET, path, headers) }
}

fn send(method: Method, path: impl Into<String>, headers: HeaderMap, body: Option<&Value>) -> Ask {
    Ask { login: true, body: body.map(Value::to_string), ..Ask::new(method, path, headers) }
}

fn body(sent: &Value) -> Value {
    let (file, id) = (&sent["design"], &sent["pattern_id"]);
    json!({"pattern_file": file, "pattern_id": id, "patternFile": file, "patternId": id})
}

async fn hand_over(line: &mut Line<'_>, method: Method, sent: &Value, key: &str) -> Result<(), Failure> {
    let headers = headers(line, Some(key)).await?;
    let ask = send(method, "/api/filter/deploy?contexts=all", headers, Some(&body(sent)));
    line.ask(ask).await.map(|_| ()).map_err(|failure| match failure.status {
        Some(500) => Failure {
            words: format!("{}; a Meshery Server without a connected cluster answers so", failure.words),
            ..failure
        },
        _ => failure,
    })
}

#[async_trait]
impl Kind for Meshery {
    fn check(&self, target: &target::Model, secret: Option<&str>) -> Result<()> {
        let plain = |text: &str| {
            !text.is_empty()
                && text.len() <= 8192
                && text.bytes().all(|b| b.is_ascii_graphic() && !b"\",;\\".contains(&b))
        };
        if target.provider.as_deref().is_some_and(|p| !plain(p) || p.len() > 200) {
            return Err(Error::invalid(
                "provider",
                "as the server shows it, without spaces, quotes and commas",
            ));
        }
        match (target.sign_in, secret) {
            (TargetSignIn::Token, Some(token)) if !plain(token) => Err(Error::invalid(
                "token",
                "the value of Meshery's cookie `token`, without spaces and quotes",
            )),
            (TargetSignIn::Token, None) if target.secret.is_none() => {
                Err(Error::invalid("token", "sign_in is `token`: send one"))
            }
            (TargetSignIn::Token, _) if target.provider.is_none() => {
                Err(Error::invalid("provider", "a token is good with its provider: name it"))
            }
            (TargetSignIn::Nothing | TargetSignIn::Minted, Some(_)) => {
                Err(Error::invalid("token", "with this sign_in no token is stored"))
            }
            _ => Ok(()),
        }
    }

    async fn probe(&self, line: &mut Line<'_>) -> Result<Met, Failure> {
        let now = line.state.clock.now();
        let reply = line.ask(get("/api/system/version", HeaderMap::new())).await?;
        let said = json_of(&reply)?;
        let build = line.hidden.shown(said["build"].as_str().unwrap_or("unknown"));
        let build = build.chars().take(100).collect();
        let mut met = Met { version: Some(build), clock_skew: skew(&reply.headers, now), ..Met::default() };
        match list(line, "tamis-probe").await {
            Ok(_) => met.signed_in = Some(true),
            Err(failure) => {
                met.signed_in = Some(false);
                met.words.push(failure.words);
            }
        }
        Ok(met)
    }

    fn sent(&self, item: &Item) -> Value {
        json!({"design": design(item), "pattern_id": item.deployment, "name": name(item), "by_url": item.public && item.size > BY_BYTES})
    }

    async fn deploy(&self, line: &mut Line<'_>, item: &Item) -> Result<(), Failure> {
        have(line, item).await?;
        hand_over(line, Method::POST, &self.sent(item), &item.key).await?;
        tidy(line, item.deployment, Some(&name(item))).await
    }

    async fn remove(&self, line: &mut Line<'_>, removal: &Removal) -> Result<(), Failure> {
        hand_over(line, Method::DELETE, &removal.sent, &removal.key).await?;
        tidy(line, removal.deployment, None).await
    }

    async fn read_back(&self, line: &mut Line<'_>, expected: &Expected) -> Result<Option<Found>, Failure> {
        if expected.sent["by_url"] == true {
            return Ok(None);
        }
        let wanted = expected.sent["name"].as_str().unwrap_or_default();
        let all = list(line, &tag(expected.deployment)).await?;
        let found = |reported, words: Option<String>| Ok(Some(Found { reported, words }));
        let Some(there) = all.iter().find(|f| f.name == wanted) else {
            let lists = |f: &Listed| format!("it lists {}", line.hidden.shown(&f.name));
            let words = all.first().map_or("it is not there any more".into(), lists);
            return found(if all.is_empty() { Reported::Missing } else { Reported::Changed }, Some(words));
        };
        match other(line, &there.id, (&expected.sha256, expected.size)).await? {
            Some(other) => found(Reported::Changed, Some(format!("it holds {other}"))),
            None => found(Reported::InStep, None),
        }
    }
}
