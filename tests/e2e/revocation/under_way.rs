//! Work that began while it was allowed: it asks again before it changes anything.
use super::{set_disabled, user_id};
use futures_util::stream;
use reqwest::{Body, Method};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;
use tamis::jobs::{self, Job};
use tamis_e2e::{
    app::TestApp,
    client::Person,
    fixtures::{distinct, sha256},
};
use tamis_entities::{review, value::ReviewState};
use tokio::sync::oneshot;
use uuid::Uuid;

/// Begins an upload whose second half waits; hands back how to let it come, and the answer.
async fn begin(
    who: &Person,
    method: Method,
    path: &str,
    bytes: Vec<u8>,
) -> (oneshot::Sender<()>, tokio::task::JoinHandle<tamis_e2e::client::Reply>) {
    let (go, wait) = oneshot::channel::<()>();
    let (began, begun) = oneshot::channel::<()>();
    let half = bytes.len() / 2;
    let (first, second) = (bytes[..half].to_vec(), bytes[half..].to_vec());
    let parts = stream::unfold((Some(first), Some(second), Some(wait), Some(began)), |mut s| async move {
        if let Some(first) = s.0.take() {
            return Some((Ok::<_, std::io::Error>(first), s));
        }
        if let Some(began) = s.3.take() {
            let _ = began.send(());
        }
        let _ = s.2.take()?.await;
        Some((Ok(s.1.take()?), s))
    });
    let request = who.request(method, path).header("content-type", "application/wasm");
    let (who, request) = (who.clone(), request.body(Body::wrap_stream(parts)));
    let answer = tokio::spawn(async move { who.send(request).await });
    begun.await.unwrap();
    (go, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_under_way_makes_nothing_after_the_right_to_it_ended() {
    let app = TestApp::spawn().await;
    let (alice, vic) = (app.author("alice").await, app.author("vic").await);
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    alice.put("/api/v1/filters/acme/there", &json!({})).await.expect(201);
    let member = "/api/v1/teams/acme/members/vic";
    let id = user_id(&app, "vic").await;
    for (round, name) in ["there", "new-one", "there", "new-two", "there"].into_iter().enumerate() {
        alice.put(member, &json!({"role": "maintainer"})).await.expect(200);
        let token = app.token("vic", None).await;
        let path = format!("/api/v1/filters/acme/{name}/releases/1.0.{round}");
        let (go, answer) = begin(&token, Method::PUT, &path, distinct(&path, 200_000)).await;
        // Give the server time to have let the request in: the removal must come after that.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        match round {
            0 | 1 => alice.delete(member).await.expect(204).status,
            2 | 3 => {
                let mine = vic.get("/api/v1/tokens").await.expect(200).json();
                let newest =
                    mine["items"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
                vic.delete(&format!("/api/v1/tokens/{newest}")).await.expect(204).status
            }
            _ => {
                set_disabled(&app.state.db, id, Some(app.clock.now())).await;
                0
            }
        };
        go.send(()).unwrap();
        let reply = answer.await.unwrap();
        let want = if round < 2 { 404 } else { 401 };
        assert_eq!(reply.status, want, "round {round}: {}", reply.text());
        alice.get(&path).await.expect(404);
        set_disabled(&app.state.db, id, None).await;
    }
    // Nothing of it stays: as without the uploads.
    app.assert_sound().await;
}

/// Clients of a registry look for a way to more rights in the answer itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_whose_credential_ends_is_told_where_to_get_another() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.put("/api/v1/filters/alice/there", &json!({})).await.expect(201);
    for name in ["alice/there", "alice/new"] {
        let token = app.token("alice", Some("filters:read filters:write")).await;
        let bytes = distinct(name, 200_000);
        let path = format!("/v2/{name}/blobs/uploads/?digest=sha256:{}", sha256(&bytes));
        let (go, answer) = begin(&token, Method::POST, &path, bytes).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let mine = alice.get("/api/v1/tokens").await.expect(200).json();
        for one in
            mine["items"].as_array().unwrap().iter().filter(|t| t["scopes"].as_array().unwrap().len() == 2)
        {
            alice.delete(&format!("/api/v1/tokens/{}", one["id"].as_str().unwrap())).await.expect(204);
        }
        go.send(()).unwrap();
        let reply = answer.await.unwrap().expect(401);
        let challenge = reply.header("www-authenticate");
        assert!(challenge.contains(&format!("repository:{name}:")), "{name}: {challenge:?}");
    }
    alice.get("/api/v1/filters/alice/new").await.expect(404);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_was_queued_ends_the_request_of_who_may_not_ask_any_more() {
    let app = TestApp::spawn().await;
    let (alice, vic) = (app.author("alice").await, app.author("vic").await);
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    for (round, lose) in ["removed", "demoted", "disabled", "nothing"].into_iter().enumerate() {
        alice.put("/api/v1/teams/acme/members/vic", &json!({"role": "maintainer"})).await.expect(200);
        let version = format!("1.0.{round}");
        vic.upload("acme/f", &version, distinct(&version, 10)).await.expect(201);
        let asked = vic.submit("acme/f", &version, "publish").await.expect(201).json();
        app.drain_jobs().await;
        let id: Uuid = asked["id"].as_str().unwrap().parse().unwrap();
        // As if the job had not been run yet.
        let waiting =
            review::ActiveModel { id: Set(id), state: Set(ReviewState::Checking), ..Default::default() };
        let txn = app.state.db.begin_write().await.unwrap();
        review::Entity::update(waiting).exec(&*txn).await.unwrap();
        txn.commit().await.unwrap();
        match lose {
            "removed" => alice.delete("/api/v1/teams/acme/members/vic").await.expect(204).status,
            "demoted" => {
                alice
                    .put("/api/v1/teams/acme/members/vic", &json!({"role": "member"}))
                    .await
                    .expect(200)
                    .status
            }
            "disabled" => {
                set_disabled(&app.state.db, user_id(&app, "vic").await, Some(app.clock.now())).await;
                0
            }
            _ => 0,
        };
        let txn = app.state.db.begin_write().await.unwrap();
        jobs::enqueue(&*txn, &app.clock, &Job::CheckReview { review: id }).await.unwrap();
        txn.commit().await.unwrap();
        app.drain_jobs().await;
        let state = alice.get(&format!("/api/v1/reviews/{id}")).await.expect(200).json()["state"].clone();
        assert_eq!(state, if lose == "nothing" { "in_review" } else { "superseded" }, "{lose}");
        set_disabled(&app.state.db, user_id(&app, "vic").await, None).await;
    }
}
