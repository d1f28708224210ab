//! No form of a page is taken from a browser that has not been shown it. Each route that pages post to is asked
//! from our own origin, by the browser of somebody who may do it, about what is there, with a form that is right
//! in everything but its token; then with the token, so that nothing else can have been the reason.
use super::{
    oracle::{Expect, PRINCIPALS, Principal, ROUTES, Route, Stage, expected},
    pages,
    routes::Asks,
    world::{Target, World},
};
use reqwest::{Method, multipart};
use std::collections::{BTreeSet, HashMap};
use tamis::auth::table::{Door, Need, RULES, Rule};
use tamis_e2e::{
    browser::{browser, form_token},
    client::{Person, Reply},
    fixtures::distinct,
};

/// What anyone may send has rules of its own, and tests where it lives: how a browser likes its pages is nothing
/// of an account's, a link is its own secret, consent is sealed, and machines bring no cookie.
const OF_ANYONE: [&str; 10] = [
    "/device",
    "/oauth2/authorize",
    "/oauth2/device_authorization",
    "/oauth2/introspect",
    "/oauth2/revoke",
    "/oauth2/token",
    "/preferences",
    "/sign-in/local",
    "/sign-in/{secret}",
    "/sign-out",
];

fn posted_by_pages() -> impl Iterator<Item = &'static Rule> {
    let other_doors = ["/api/", "/v2/"];
    RULES.iter().filter(move |rule| {
        rule.door == Door::Native
            && rule.method != "GET"
            && !other_doors.iter().any(|start| rule.path.starts_with(start))
    })
}

struct Session {
    browser: Person,
    token: String,
}

async fn session(world: &World, name: &str) -> Session {
    let browser = browser(&world.app);
    let link = tamis::operate::accounts::link(&world.app.state, &name.parse().unwrap()).await.unwrap();
    let path = format!("/sign-in/{}", link.rsplit('/').next().unwrap());
    browser.send(browser.request(Method::POST, &path)).await.expect(303);
    let token = form_token(&browser, "/my").await;
    Session { browser, token }
}

/// Somebody who gets as far as the form.
fn doer<'a>(world: &'a World, route: &Route) -> (&'a Person, &'a Target) {
    let may = |who: &Principal| {
        let at_a_browser = ![Principal::Anonymous, Principal::Unscoped].contains(who);
        at_a_browser && expected(route, *who, world.stage) == Expect::Allowed
    };
    match route.asks {
        Asks::SomebodyElses => (world.person("vic"), world.target(Principal::Owner)),
        Asks::AdminAtTheBrowser => (world.person("ada"), world.target(Principal::Admin)),
        Asks::Browser | Asks::OwnSession => (world.person("olga"), world.target(Principal::Owner)),
        _ => {
            let who = PRINCIPALS.into_iter().find(may);
            let who = who.unwrap_or_else(|| panic!("nobody may {} {}", route.method, route.path));
            (world.caller(who, route), world.target(who))
        }
    }
}

/// The path, with everything in it that it names.
async fn prepared(world: &World, route: &Route, target: &Target, other: &Session) -> String {
    if route.asks != Asks::OwnSession {
        return world.prepare(route, target).await;
    }
    let all = other.browser.get("/api/v1/me/sessions").await.expect(200).json();
    let own = all["items"].as_array().unwrap().iter().find(|session| session["current"] == true);
    route.path.replace("{id}", own.unwrap()["id"].as_str().unwrap())
}

async fn send(browser: &Person, path: &str, fields: &[(&'static str, String)], token: Option<&str>) -> Reply {
    let request = browser.request(Method::POST, path).header("sec-fetch-site", "same-origin");
    let token = token.map(|token| ("form", token.to_owned()));
    let all = token.into_iter().chain(fields.iter().cloned());
    if path != "/my/upload" {
        return browser.send(request.form(&all.collect::<Vec<_>>())).await;
    }
    let parts = all.fold(multipart::Form::new(), |form, (name, value)| form.text(name, value));
    let module = multipart::Part::bytes(distinct("uploaded", 10)).file_name("f.wasm");
    browser.send(request.multipart(parts.part("module", module))).await
}

fn fields(route: &Route, who: &Person, target: &Target) -> Vec<(&'static str, String)> {
    let words = [("namespace", "No Name"), ("filter", "x"), ("version", "1.0.0")];
    match route.path {
        "/my/upload" => words.map(|(name, word)| (name, word.to_owned())).into(),
        path => pages::form(route, who, target).unwrap_or_else(|| panic!("{path} has no form")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_of_a_page_is_taken_without_the_token_of_the_page() {
    let (of_anyone, of_people): (Vec<&Rule>, Vec<&Rule>) =
        posted_by_pages().partition(|r| r.need == Need::Anyone);
    let of_anyone: BTreeSet<_> = of_anyone.iter().map(|rule| rule.path).collect();
    assert_eq!(of_anyone, BTreeSet::from(OF_ANYONE), "forms that ask nobody who they are");
    let world = World::build(Stage::PrivateDraft).await;
    let stranger = session(&world, "walt").await;
    let mut sessions: HashMap<String, [Session; 2]> = HashMap::new();
    let mut wrong = vec![];
    // A token that is right is tried last: some of what it does cannot be done twice.
    for with_token in [false, true] {
        for rule in &of_people {
            assert_eq!(rule.method, "POST", "{}", rule.path);
            let route = ROUTES.iter().find(|r| (r.method, r.path) == (rule.method, rule.path)).unwrap();
            let (who, target) = doer(&world, route);
            if !sessions.contains_key(&who.name) {
                let both = [session(&world, &who.name).await, session(&world, &who.name).await];
                sessions.insert(who.name.clone(), both);
            }
            let [here, elsewhere] = &sessions[&who.name];
            let path = prepared(&world, route, target, elsewhere).await;
            let fields = fields(route, who, target);
            let cut = &here.token[..here.token.len() - 4];
            let bad =
                [None, Some(""), Some(cut), Some(stranger.token.as_str()), Some(elsewhere.token.as_str())];
            let good = [Some(here.token.as_str())];
            for token in if with_token { &good[..] } else { &bad[..] } {
                let reply = send(&here.browser, &path, &fields, *token).await;
                let refused = reply.status == 403 && reply.json()["code"] == "form-expired";
                if refused == with_token || reply.status >= 500 {
                    wrong.push(format!(
                        "{path} by {}, {token:?}: {} {}",
                        who.name,
                        reply.status,
                        reply.text()
                    ));
                }
            }
        }
    }
    assert!(of_people.len() > 60, "{}", of_people.len());
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    world.app.assert_sound().await;
}
