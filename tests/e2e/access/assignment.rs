//! Mass assignment: no body, form or query takes a word that its document does not name,
//! least of all the name of a column. Refused is refused whole: no row changes.
use super::{oracle::Stage, world::World};
use reqwest::Method;
use sea_orm::{EntityTrait, IdenStatic, Iterable, QueryOrder};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tamis_e2e::client::{Person, Reply};
use tamis_entities as rows;

/// Words that such attacks have used elsewhere, besides our own columns.
const FAMOUS: [&str; 8] = [
    "is_admin",
    "has_admin_role",
    "approved_by",
    "owner_id",
    "published",
    "quarantined",
    "__proto__",
    "scope",
];

macro_rules! columns {
    ($($entity:ident),+) => {{
        let mut names = BTreeSet::new();
        $(names.extend(rows::$entity::Column::iter().map(|c| c.as_str().to_owned()));)+
        names.extend(FAMOUS.map(str::to_owned));
        names
    }};
}

/// The name of every column that there is.
fn columns() -> BTreeSet<String> {
    columns!(
        namespace,
        user,
        team,
        team_invitation,
        team_member,
        trusted_publisher,
        used_jti,
        api_token,
        session,
        sign_in_link,
        sign_in_attempt,
        external_identity,
        local_password,
        filter,
        filter_label,
        filter_transfer,
        former_filter,
        former_handle,
        grant,
        release,
        module,
        report,
        tombstone,
        review,
        review_check,
        review_vote,
        review_comment,
        review_appeal,
        review_event,
        review_presence,
        review_recusal,
        review_tick,
        break_glass_request,
        event,
        catalog_entry,
        audit_entry,
        job,
        setting,
        oauth_client,
        oauth_grant
    )
}

/// The rows that a caller could want to change.
async fn rows(world: &World) -> String {
    let db = &*world.app.state.db;
    macro_rules! all {
        ($($entity:ident by $key:ident),+) => {
            [$(format!("{:?}", rows::$entity::Entity::find().order_by_asc(rows::$entity::Column::$key).all(db).await.unwrap())),+]
                .join("\n")
        };
    }
    let tokens =
        rows::api_token::Entity::find().order_by_asc(rows::api_token::Column::Id).all(db).await.unwrap();
    // When a token was last used is noted beside the request.
    let tokens: Vec<_> =
        tokens.into_iter().map(|t| rows::api_token::Model { last_used_at: None, ..t }).collect();
    all!(
        namespace by Id, former_handle by Handle, former_filter by Name, team_invitation by Id, filter_transfer by Id, user by Id, team by Id, team_member by UserId, filter by Id, grant by Id, release by Id,
        oauth_client by Id, oauth_grant by Id, review by Id, review_vote by Id, review_comment by Id, catalog_entry by FilterId, tombstone by Id
    ) + format!("{tokens:?}").as_str()
}

struct Write {
    method: Method,
    path: String,
    by: &'static str,
    body: Value,
    /// Objects within the body that take words too.
    inner: Option<&'static str>,
    schema: &'static str,
}

fn writes(world: &World) -> Vec<Write> {
    let target = world.target(super::Principal::ReviewingCurator);
    let filter = "/api/v1/filters/acme/reviewed";
    let review = format!("/api/v1/reviews/{}", target.review);
    let digest = format!("sha256:{}", target.sha256);
    let of = |more: Value| {
        let mut body = json!({"namespace": "acme", "filter": "reviewed", "version": "1.0.0"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let write = |method: Method, path: String, by, body, schema| Write {
        method,
        path,
        by,
        body,
        inner: None,
        schema,
    };
    let mut writes = vec![
        write(Method::PUT, filter.into(), "olga", json!({"title": "t"}), "FilterChange"),
        write(
            Method::POST,
            format!("{filter}/clone"),
            "olga",
            json!({"namespace": "olga", "name": "copy"}),
            "CloneRequest",
        ),
        write(
            Method::PUT,
            format!("{filter}/grants/user:vic"),
            "olga",
            json!({"level": "read"}),
            "GrantRequest",
        ),
        write(
            Method::PATCH,
            format!("{filter}/releases/1.0.0"),
            "olga",
            json!({"licence": "MIT"}),
            "MetadataChange",
        ),
        write(
            Method::POST,
            format!("{filter}/releases/1.0.0/yank"),
            "olga",
            json!({"reason": "r"}),
            "ReasonRequest",
        ),
        write(
            Method::POST,
            format!("{filter}/releases/1.0.0/quarantine"),
            "rex",
            json!({"reason": "r"}),
            "ReasonRequest",
        ),
        write(
            Method::POST,
            "/api/v1/imports".into(),
            "olga",
            of(json!({"url": "http://127.0.0.1:8080/"})),
            "ImportRequest",
        ),
        write(
            Method::POST,
            "/api/v1/reviews".into(),
            "olga",
            of(json!({"action": "publish"})),
            "ReviewRequest",
        ),
        write(
            Method::POST,
            format!("{review}/votes"),
            "rex",
            json!({"decision": "approve", "digest": digest}),
            "VoteRequest",
        ),
        write(Method::POST, format!("{review}/comments"), "rex", json!({"body": "b"}), "CommentRequest"),
        write(Method::POST, format!("{review}/resubmission"), "olga", json!({}), "ReviewNoteRequest"),
        write(Method::POST, format!("{review}/recusal"), "rex", json!({}), "ReviewNoteRequest"),
        write(Method::POST, format!("{review}/escalation"), "rex", json!({"note": "n"}), "ReviewNoteRequest"),
        write(Method::POST, format!("{review}/appeal"), "olga", json!({"note": "n"}), "ReviewNoteRequest"),
        write(Method::PUT, format!("{review}/checklist"), "rex", json!({"ticked": []}), "ChecklistRequest"),
        write(
            Method::POST,
            format!("{review}/appeal/decision"),
            "rex",
            json!({"decision": "uphold", "note": "n"}),
            "AppealDecisionRequest",
        ),
        write(
            Method::POST,
            format!("{review}/break-glass"),
            "ada",
            json!({"reason": "r", "digest": digest}),
            "BreakGlassRequest",
        ),
        write(
            Method::POST,
            format!("{review}/break-glass/countersignature"),
            "rex",
            json!({"digest": digest}),
            "CountersignRequest",
        ),
        write(
            Method::POST,
            format!("{review}/assignment"),
            "rex",
            json!({"assignee": "rex"}),
            "AssignmentRequest",
        ),
        write(Method::POST, "/api/v1/teams".into(), "olga", json!({"handle": "other"}), "TeamRequest"),
        write(
            Method::PUT,
            "/api/v1/teams/acme/members/vic".into(),
            "olga",
            json!({"role": "member"}),
            "MemberRequest",
        ),
        write(Method::PATCH, "/api/v1/teams/acme".into(), "olga", json!({"title": "other"}), "TeamChange"),
        write(
            Method::POST,
            "/api/v1/teams/acme/invitations".into(),
            "olga",
            json!({"user": "vic", "role": "member"}),
            "InvitationRequest",
        ),
        write(Method::PATCH, "/api/v1/me".into(), "mel", json!({"handle": "melanie"}), "MeChange"),
        write(Method::POST, format!("{filter}/transfer"), "olga", json!({"to": "vic"}), "TransferRequest"),
        write(
            Method::POST,
            "/api/v1/tokens".into(),
            "olga",
            json!({"name": "n", "scopes": ["filters:read"]}),
            "TokenRequest",
        ),
        write(
            Method::POST,
            "/api/v1/oauth-clients".into(),
            "olga",
            json!({"name": "n", "redirect_uris": ["https://app.example/"], "grant_types": ["authorization_code"], "scopes": ["openid"]}),
            "OauthClientRequest",
        ),
        write(
            Method::POST,
            "/api/v1/teams/acme/robots".into(),
            "olga",
            json!({"handle": "acme-robot", "role": "member"}),
            "RobotRequest",
        ),
        write(
            Method::POST,
            format!("{filter}/trusted-publishers"),
            "olga",
            json!({"provider": "other", "issuer": "https://127.0.0.1:8443", "claims": {"sub": "s"}}),
            "PublisherRequest",
        ),
        write(
            Method::POST,
            "/api/v1/trusted-publishing/token".into(),
            "olga",
            json!({"token": "t", "namespace": "acme", "filter": "reviewed"}),
            "ExchangeRequest",
        ),
    ];
    let defaults = json!({"defaults": {"licence": "MIT"}});
    let metadata = of(json!({"action": "update", "metadata": {"licence": "MIT"}}));
    let inner = |path: &str, method, body, inner, schema| Write {
        method,
        path: path.into(),
        by: "olga",
        body,
        inner: Some(inner),
        schema,
    };
    writes.push(inner(filter, Method::PUT, defaults, "defaults", "MetadataChange"));
    writes.push(inner("/api/v1/reviews", Method::POST, metadata, "metadata", "MetadataChange"));
    writes
}

async fn send(who: &Person, write: &Write, body: &Value) -> Reply {
    who.send(who.request(write.method.clone(), &write.path).json(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_takes_the_name_of_a_column_that_it_does_not_document() {
    let world = World::build(Stage::PrivateDraft).await;
    let document = super::super::openapi::document();
    let (columns, before) = (columns(), rows(&world).await);
    assert!(columns.len() > 80, "{}", columns.len());
    let (mut sent, mut wrong) = (0, vec![]);
    for write in writes(&world) {
        let documented = document["components"]["schemas"][write.schema]["properties"].as_object().unwrap();
        for column in columns.iter().filter(|c| !documented.contains_key(c.as_str())) {
            let mut body = write.body.clone();
            let object = match write.inner {
                Some(inner) => &mut body[inner],
                None => &mut body,
            };
            object[column.as_str()] = json!("admin");
            let reply = send(world.person(write.by), &write, &body).await;
            if reply.status != 400 || reply.json()["code"] != "invalid" {
                wrong.push(format!("{} {} + {column}: {}", write.method, write.path, reply.status));
            }
            sent += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {sent}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(rows(&world).await, before, "a refused request changed a row");
}

/// So that the test above cannot pass on bodies that are refused for another reason.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_bodies_without_the_foreign_word_are_understood() {
    let world = World::build(Stage::PrivateDraft).await;
    for write in writes(&world) {
        let reply = send(world.person(write.by), &write, &write.body).await;
        assert_ne!(reply.status, 400, "{} {}: {}", write.method, write.path, reply.text());
        assert!(reply.status < 500, "{} {}: {}", write.method, write.path, reply.text());
    }
    world.app.drain_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_and_no_query_takes_the_name_of_a_column_that_it_does_not_document() {
    let world = World::build(Stage::PrivateDraft).await;
    let (mia, before) = (world.person("mia"), rows(&world).await);
    let document = super::super::openapi::document();
    let named = |path: &str, method: &str| -> BTreeSet<String> {
        let parameters = document["paths"][path][method]["parameters"].as_array().unwrap();
        parameters.iter().map(|p| p["name"].as_str().unwrap().to_owned()).collect()
    };
    let release = "/api/v1/filters/{namespace}/{filter}/releases/{version}";
    let queries = [
        ("/api/v1/filters", "get", "/api/v1/filters".to_owned()),
        ("/api/v1/catalog", "get", "/api/v1/catalog".to_owned()),
        ("/api/v1/reviews", "get", "/api/v1/reviews".to_owned()),
        (release, "put", "/api/v1/filters/acme/reviewed/releases/3.0.0".to_owned()),
    ];
    for column in columns() {
        for (path, method, url) in &queries {
            if named(path, method).contains(&column) {
                continue;
            }
            let request = mia.request(method.to_uppercase().parse().unwrap(), &format!("{url}?{column}=1"));
            mia.send(request).await.expect_problem(400, "invalid");
        }
        if !["name", "updated", "published", "downloads"].contains(&column.as_str()) {
            for list in ["filters", "catalog"] {
                mia.get(&format!("/api/v1/{list}?sort={column}")).await.expect_problem(400, "invalid");
            }
        }
        if !["version", "metadata", "module"].contains(&column.as_str()) {
            let form = reqwest::multipart::Form::new().text("version", "3.0.0").text(column, "1");
            let request = mia.request(Method::POST, "/api/v1/filters/acme/reviewed/releases").multipart(form);
            mia.send(request).await.expect_problem(400, "invalid");
        }
    }
    assert_eq!(rows(&world).await, before, "a refused request changed a row");
}
