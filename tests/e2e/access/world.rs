//! One server with a team, its people, strangers, and two filters in one state.
pub use super::target::Target;
use super::{
    bodies,
    meshery::{self, in_json, is_of_meshery},
    oracle::{Principal, ROUTES, Route, Stage},
    pages, rows,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use tamis::operate::accounts;
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, sha256},
};
use tamis_entities::value::Role;

/// The team's robot; a maintainer.
pub const ROBOT: &str = "helper-bot";

pub struct World {
    pub app: TestApp,
    pub stage: Stage,
    people: HashMap<&'static str, Person>,
    lacking: HashMap<String, Person>,
    /// Has a review.
    reviewed: Target,
    /// Has none, as long as it is a draft.
    plain: Target,
}

const USER_SCOPES: [&str; 6] =
    ["filters:read", "filters:write", "releases:stage", "teams:write", "deployments:write", "tokens:write"];

impl World {
    pub async fn build(stage: Stage) -> Self {
        let app = TestApp::spawn().await;
        let mut people = HashMap::new();
        for name in ["olga", "mia", "mel", "rita", "walt", "otto", "vic"] {
            people.insert(name, app.author(name).await);
        }
        people.insert("cora", app.curator("cora").await);
        people.insert("rex", app.curator("rex").await);
        people.insert("ada", app.user("ada", Role::Admin).await);
        people.insert("nobody", app.anonymous());
        let mut lacking = HashMap::new();
        for scope in ROUTES.iter().filter_map(|route| route.scope) {
            if !lacking.contains_key(scope) {
                let lacks = |word: &&str| !scope.split(' ').any(|s| s == *word);
                let others: Vec<_> = USER_SCOPES.into_iter().filter(lacks).collect();
                lacking.insert(scope.to_owned(), app.token("olga", Some(&others.join(" "))).await);
            }
        }
        let target = Target {
            namespace: "acme".into(),
            filter: "plain".into(),
            team: "acme".into(),
            robot: ROBOT.into(),
            ..Target::default()
        };
        let reviewed = Target { filter: "reviewed".into(), ..target.clone() };
        let mut world = Self { app, stage, people, lacking, reviewed, plain: target };
        world.people().await;
        world.plain = world.filter(world.plain.clone()).await;
        world.reviewed = world.filter(world.reviewed.clone()).await;
        world.reviews().await;
        world.offers().await;
        world
    }

    pub fn person(&self, name: &str) -> &Person {
        &self.people[name]
    }

    async fn people(&self) {
        let olga = self.person("olga");
        olga.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
        for (user, role) in [("mia", "maintainer"), ("mel", "member")] {
            olga.put(&format!("/api/v1/teams/acme/members/{user}"), &json!({"role": role})).await.expect(200);
        }
        let robot = json!({"handle": ROBOT, "role": "maintainer"});
        olga.post("/api/v1/teams/acme/robots", &robot).await.expect(201);
        for person in self.people.values().filter(|p| p.token.is_some()) {
            person.put(&format!("/api/v1/filters/{}/own", person.name), &json!({})).await.expect(201);
        }
    }

    /// A filter whose one release has come to the stage.
    async fn filter(&self, mut target: Target) -> Target {
        let (olga, mia, rex) = (self.person("olga"), self.person("mia"), self.person("rex"));
        let (name, path) =
            (format!("acme/{}", target.filter), format!("/api/v1/filters/acme/{}", target.filter));
        let bytes = distinct(&name, 10);
        target.sha256 = sha256(&bytes);
        mia.upload(&name, "1.0.0", bytes).await.expect(201);
        (target.meshery, target.circle) = self.ids(&target.filter).await;
        for (user, level) in [("rita", "read"), ("walt", "write")] {
            olga.put(&format!("{path}/grants/user:{user}"), &json!({"level": level})).await.expect(200);
        }
        match self.stage {
            Stage::PrivateDraft => return target,
            Stage::PublicDraft => {
                olga.put(&path, &json!({"visibility": "public"})).await.expect(200);
                return target;
            }
            _ => {}
        }
        let review = mia.submit(&name, "1.0.0", "publish").await.expect(201).json();
        self.app.drain_jobs().await;
        rex.vote(&review, "approve").await.expect(200);
        mia.release(&review).await.expect(200);
        let reason = json!({"reason": "the stage of this test"});
        match self.stage {
            Stage::Yanked => mia.post(&format!("{path}/releases/1.0.0/yank"), &reason).await.expect(200),
            Stage::Quarantined => {
                rex.post(&format!("{path}/releases/1.0.0/quarantine"), &reason).await.expect(200)
            }
            _ => mia.get(&path).await.expect(200),
        };
        target
    }

    /// One review that has ended and one that is open, of the filter that has reviews.
    async fn reviews(&mut self) {
        let action = match self.stage {
            Stage::PrivateDraft | Stage::PublicDraft => "publish",
            Stage::Published | Stage::Yanked => "unpublish",
            Stage::Quarantined => "unquarantine",
        };
        let mia = self.person("mia").clone();
        let id = |review: Value| review["id"].as_str().unwrap().to_owned();
        let closed = id(mia.submit("acme/reviewed", "1.0.0", action).await.expect(201).json());
        mia.post(&format!("/api/v1/reviews/{closed}/withdrawal"), &json!({})).await.expect(200);
        let open = id(mia.submit("acme/reviewed", "1.0.0", action).await.expect(201).json());
        self.app.drain_jobs().await;
        for target in [&mut self.plain, &mut self.reviewed] {
            (target.review, target.closed) = (open.clone(), closed.clone());
        }
    }

    /// A place in the team and a filter, offered to somebody who is none of the principals.
    async fn offers(&mut self) {
        let olga = self.person("olga").clone();
        let id = |made: Value| made["id"].as_str().unwrap().to_owned();
        let place = json!({"user": "vic", "role": "member"});
        let invitation = id(olga.post("/api/v1/teams/acme/invitations", &place).await.expect(201).json());
        let own = "/api/v1/filters/olga/own/transfer";
        let transfer = id(olga.post(own, &json!({"to": "vic"})).await.expect(201).json());
        for target in [&mut self.plain, &mut self.reviewed] {
            (target.invitation, target.transfer) = (invitation.clone(), transfer.clone());
        }
    }

    pub fn caller(&self, who: Principal, route: &Route) -> &Person {
        let name = match who {
            Principal::Anonymous => "nobody",
            Principal::Outsider => "otto",
            Principal::Member => "mel",
            Principal::Maintainer => "mia",
            Principal::Owner => "olga",
            Principal::ReadGrantee => "rita",
            Principal::WriteGrantee => "walt",
            Principal::Curator => "cora",
            Principal::ReviewingCurator => "rex",
            Principal::Admin => "ada",
            Principal::Unscoped => match route.scope {
                Some(scope) => return &self.lacking[scope],
                None => "olga",
            },
        };
        self.person(name)
    }

    pub fn target(&self, who: Principal) -> &Target {
        match who {
            Principal::Curator | Principal::Admin => &self.plain,
            _ => &self.reviewed,
        }
    }

    /// Makes what the probe uses up; its path, ready to be asked for.
    pub async fn prepare(&self, route: &Route, target: &Target) -> String {
        let olga = self.person("olga");
        let (mut target, like) = (target.clone(), pages::like(route));
        let mut secret = "unknown".to_owned();
        let filter = format!("/api/v1/filters/{}/{}", target.namespace, target.filter);
        match like {
            ("DELETE", path) if path.ends_with("/grants/{subject}") => {
                olga.put(&format!("{filter}/grants/user:vic"), &json!({"level": "read"})).await;
            }
            ("GET" | "DELETE", path) if path.ends_with("/transfer") => {
                olga.post(&format!("{filter}/transfer"), &json!({"to": "vic"})).await;
            }
            ("DELETE", path) if path.ends_with("/invitations/{id}") && !target.invitation.is_empty() => {
                olga.delete("/api/v1/teams/acme/members/vic").await;
                let place = json!({"user": "vic", "role": "member"});
                let made = olga.post("/api/v1/teams/acme/invitations", &place).await.expect(201).json();
                target.invitation = made["id"].as_str().unwrap().into();
            }
            ("DELETE", path) if path.ends_with("/members/{user}") || path.ends_with("/users/{user}") => {
                olga.put("/api/v1/teams/acme/members/vic", &json!({"role": "member"})).await.expect(200);
            }
            ("DELETE", path) if path.ends_with("/robots/{robot}") && target.robot == ROBOT => {
                target.robot = rows::robot_of_this_probe();
                let body = json!({"handle": target.robot, "role": "member"});
                olga.post("/api/v1/teams/acme/robots", &body).await.expect(201);
            }
            ("DELETE", path) if path.contains("/robots/") && target.robot == ROBOT => {
                let body = json!({"name": "probe", "scopes": ["filters:read"]});
                let path = format!("/api/v1/teams/acme/robots/{ROBOT}/tokens");
                let made = olga.post(&path, &body).await.expect(201).json();
                target.token = made["id"].as_str().unwrap().into();
            }
            ("DELETE", path) if path.ends_with("/trusted-publishers/{id}") && target.publisher.is_empty() => {
                target.publisher = self.publisher(&target).await;
            }
            (_, path) if path.contains("/capability-urls/{id}") && target.capability_url.is_empty() => {
                target.capability_url = self.capability_url(&target).await;
            }
            (_, path) if path.contains("/webhooks/{id}") && target.webhook.is_empty() => {
                (target.webhook, target.delivery) = self.webhook().await;
            }
            (_, path) if rows::is_of_deployment(path) && target.deployed_to.is_empty() => {
                (target.deployed_to, target.deployment) = self.deployment().await;
            }
            (_, path) if path.starts_with("/api/v1/tokens/{id}") && target.token.is_empty() => {
                let body = json!({"name": "probe", "scopes": ["filters:read"]});
                let made = olga.post("/api/v1/tokens", &body).await.expect(201).json();
                target.token = made["id"].as_str().unwrap().into();
            }
            (_, "/api/v1/oauth-clients/{id}") if target.client.is_empty() => {
                let body = json!({"name": "probe", "owner": "acme", "redirect_uris": ["https://app.example/"],
                    "grant_types": ["authorization_code"], "scopes": ["filters:read"]});
                let made = olga.post("/api/v1/oauth-clients", &body).await.expect(201).json();
                target.client = made["client_id"].as_str().unwrap().into();
            }
            ("DELETE", "/api/v1/me/grants/{id}") if target.grant.is_empty() => {
                target.grant = crate::oauth::flow::open_grant(&self.app, "olga").await.to_string();
            }
            ("POST", "/sign-in/{secret}") => {
                let link = accounts::link(&self.app.state, &"vic".parse().unwrap()).await.unwrap();
                secret = link.rsplit('/').next().unwrap().to_owned();
            }
            _ => {}
        }
        let id = match like.1 {
            path if meshery::names_a_filter(path) => &target.meshery,
            path if path.starts_with("/api/v1/tokens/") || path.ends_with("/tokens/{id}") => &target.token,
            path if path.starts_with("/api/v1/oauth-clients/") => &target.client,
            path if path.starts_with("/api/v1/me/grants/") => &target.grant,
            path if path.contains("/invitations/") => &target.invitation,
            path if path.contains("/transfers/") => &target.transfer,
            path if path.ends_with("/trusted-publishers/{id}") => &target.publisher,
            path if path.contains("/capability-urls/") => &target.capability_url,
            path if path.contains("/webhooks/") => &target.webhook,
            path if path.contains("/targets/") => &target.deployed_to,
            path if path.contains("/deployments/") || path.contains("/deployment-rules/") => {
                &target.deployment
            }
            path if path.ends_with("/withdrawal") || path.ends_with("/checks") => &target.closed,
            _ => &target.review,
        };
        let file = pages::asset(route).unwrap_or_else(|| format!("{}.wasm", target.sha256));
        let digest = format!("sha256:{}", target.sha256);
        let theirs = is_of_meshery(route);
        let organisation = tamis::meshery::around::organisation(&self.app.state).unwrap()["id"].clone();
        let vic = if theirs { self.meshery_id("vic").await } else { "vic".into() };
        let words = [
            ("{org}", organisation.as_str().unwrap()),
            ("{namespace}", target.namespace.as_str()),
            ("{filter}", target.filter.as_str()),
            ("{version}", "1.0.0"),
            ("{team}", if theirs { target.circle.as_str() } else { target.team.as_str() }),
            ("{user}", vic.as_str()),
            ("{robot}", target.robot.as_str()),
            ("{id}", id),
            ("{file}", file.as_str()),
            ("{reference}", "1.0.0"),
            ("{digest}", digest.as_str()),
            ("{secret}", secret.as_str()),
            ("{delivery}", target.delivery.as_str()),
        ];
        words
            .iter()
            .chain(&meshery::WORDS)
            .fold(route.path.to_owned(), |path, (from, to)| path.replace(from, to))
    }

    /// A request that means no harm: one that is let through fails later, or changes nothing.
    pub async fn send(&self, who: &Person, route: &Route, target: &Target) -> tamis_e2e::client::Reply {
        let path = self.prepare(route, target).await;
        let request = in_json(route, who.request(route.method.parse::<Method>().unwrap(), &path));
        if let Some(form) = pages::form(route, who, target) {
            return pages::send(self.person("olga"), who, &path, &form).await;
        }
        let of_release = json!({"namespace": target.namespace, "filter": target.filter, "version": "1.0.0"});
        let with = |more: Value| {
            let mut body = of_release.as_object().unwrap().clone();
            body.extend(more.as_object().unwrap().clone());
            Value::Object(body)
        };
        let stale = "\"no-such-state\"";
        let last = route.path.rsplit('/').next().unwrap();
        let request = match (route.method, last) {
            ("GET", _) => request,
            (_, _) if route.path.starts_with("/v2/") => request,
            ("DELETE", _) if is_of_meshery(route) => request.header("if-match", stale),
            ("POST", "transfer") => request.json(&json!({"to": "nobody-of-this-name"})),
            ("POST", "invitations") => {
                request.json(&json!({"user": "nobody-of-this-name", "role": "member"}))
            }
            ("PATCH", "{team}") => request.json(&json!({"title": ""})),
            ("PATCH", "me") => request.json(&json!({"handle": "admin"})),
            ("PUT" | "PATCH" | "DELETE", "{filter}") => request.header("if-match", stale).json(&json!({})),
            ("PATCH" | "DELETE", "{version}") => request.header("if-match", stale).json(&json!({})),
            ("PUT", "{version}") => request.header("content-type", "text/plain").body("not wasm"),
            ("POST", "releases") => {
                request.multipart(reqwest::multipart::Form::new().text("version", "not a version"))
            }
            ("POST", "clone") => {
                request.json(&json!({"namespace": who.name, "name": "own", "version": "1.0.0"}))
            }
            ("PUT", "{subject}") => {
                request.json(&json!({"level": "read", "expires_at": "2001-01-01T00:00:00Z"}))
            }
            ("POST", "yank") => request.json(&json!({"reason": "x".repeat(1001)})),
            ("POST", "quarantine") => request.json(&json!({"reason": ""})),
            ("POST", "imports") => {
                request.json(&with(json!({"url": "http://127.0.0.1:8080/f.wasm", "version": "2.0.0"})))
            }
            ("POST", "reviews") => {
                let draft = matches!(self.stage, Stage::PrivateDraft | Stage::PublicDraft);
                request.json(&with(json!({"action": if draft { "unpublish" } else { "publish" }})))
            }
            (_, act) if bodies::of_review(act).is_some() => request.json(&bodies::of_review(act)),
            ("POST", "robots") => request.json(&json!({"handle": "admin", "role": "member"})),
            ("POST", "capability-urls") => request.json(&json!({"name": "probe", "version": "9.9.9"})),
            ("POST", "trusted-publishers") => request.json(&json!({"provider": "other", "claims": {}})),
            ("POST", "token") if route.path.starts_with("/api/") => request.json(&pages::with_token("")),
            ("POST", "teams" | "users") => request.json(&json!({"handle": "admin"})),
            ("PUT", "notifications") => request.json(&json!({"mail": true})),
            ("PUT", "{user}") => request.json(&json!({"role": "member"})),
            ("POST", "oauth-clients") => {
                request.json(&json!({"name": "", "grant_types": [], "scopes": ["openid"]}))
            }
            ("POST", "targets" | "deployment-rules") => request.json(&json!({"kind": "no kind"})),
            ("POST", "deployments" | "plan") => request.json(&json!({"targets": [], "releases": []})),
            ("POST", "webhooks") => request.json(&json!({"url": "http://nowhere.example/"})),
            ("PATCH", "{id}") => request.json(&json!({})),
            ("POST", "authorize" | "device" | "token" | "device_authorization" | "revoke" | "introspect") => {
                request.form(&[("nothing", "of what it takes")])
            }
            ("POST", "tokens") => request.json(&json!({"name": "probe", "scopes": []})),
            ("POST", "disable") => request.json(&json!({"reason": "x".repeat(1001)})),
            ("POST", "local") => {
                let fields = [("name", "olga"), ("password", "x"), ("form", "none")];
                request.header("sec-fetch-site", "same-origin").form(&fields)
            }
            ("POST", "sign-out" | "{secret}") => request.header("sec-fetch-site", "same-origin"),
            _ => request,
        };
        let reply = who.send(request).await;
        if reply.status == 200 && last == "unyank" {
            let again = json!({"reason": "the stage of this test"});
            self.person("olga").post(&path.replace("/unyank", "/yank"), &again).await.expect(200);
        }
        reply
    }
}
