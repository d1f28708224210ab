//! Mail: to those who want it, one message for all that is new, and never anything secret.
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::json;
use std::time::Duration;
use tamis_e2e::{
    app::TestApp,
    client::Person,
    crash::eventually,
    fixtures::distinct,
    mail::{Mail, MailServer},
};
use tamis_entities::{job, user};

async fn app(server: &MailServer) -> TestApp {
    TestApp::spawn_with(&["--smtp-url", &server.url, "--mail-from", "Tamis <tamis@tamis.example>"]).await
}

/// As a provider's verified address would be noted.
async fn address(app: &TestApp, who: &Person) {
    let me = tamis::auth::access::find_namespace(&*app.state.db, &who.name.parse().unwrap()).await.unwrap();
    let row = user::ActiveModel {
        id: Set(me.unwrap().id),
        email: Set(Some(format!("{}@people.example", who.name))),
        ..Default::default()
    };
    user::Entity::update(row).exec(&*app.state.db).await.unwrap();
}

async fn mails(app: &TestApp, server: &MailServer, wanted: usize) -> Vec<Mail> {
    let came = eventually(Duration::from_secs(10), async || {
        let _ = tamis::jobs::queue::drain(&app.state).await;
        server.mails().len() >= wanted
    });
    assert!(came.await, "{} of {wanted}", server.mails().len());
    server.mails()
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_concerned_gets_one_message_and_the_next_after_five_minutes_with_all_that_is_new() {
    let server = MailServer::start([]).await;
    let app = app(&server).await;
    let (alice, carl, mute) =
        (app.author("alice").await, app.curator("carl").await, app.curator("mute").await);
    address(&app, &alice).await;
    address(&app, &carl).await;
    alice.upload("alice/f", "1.0.0", distinct("mail", 10)).await.expect(201);
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    let mut first = mails(&app, &server, 2).await;
    first.sort_by(|a, b| a.to.cmp(&b.to));
    assert_eq!(
        first.iter().map(|m| m.to.as_str()).collect::<Vec<_>>(),
        ["alice@people.example", "carl@people.example"]
    );
    for mail in &first {
        assert_eq!(mail.from, "tamis@tamis.example");
        assert!(mail.text.contains("alice/f 1.0.0 has passed the checks"), "{}", mail.text);
    }
    for n in 0..5 {
        let version = format!("2.0.{n}");
        alice.upload("alice/f", &version, distinct(&version, 10)).await.expect(201);
        alice.submit("alice/f", &version, "publish").await.expect(201);
    }
    carl.vote(&review, "approve").await.expect(200);
    let told = eventually(Duration::from_secs(10), async || {
        let _ = tamis::jobs::queue::drain(&app.state).await;
        alice.get("/api/v1/me/inbox/unread").await.json()["unread"] == 7
    });
    assert!(told.await);
    assert_eq!(server.mails().len(), 2, "nobody gets two within five minutes");
    app.clock.advance(Duration::from_secs(301));
    let all = mails(&app, &server, 4).await;
    let second = |to: &str| all[2..].iter().find(|m| m.to.starts_with(to)).unwrap().text.clone();
    assert!(second("carl").contains("[Tamis] 5 news"), "{all:?}");
    assert!(
        second("alice").contains("[Tamis] 6 news") && second("alice").contains("alice/f 1.0.0 was approved")
    );
    assert!(second("alice").contains("> looked at it"), "a decision is told with its words: {all:?}");
    assert!((0..5).all(|n| second("carl").contains(&format!("alice/f 2.0.{n} has passed the checks"))));
    for mail in all {
        for secret in ["tms_", "whsec_", "sha256:", "Bearer"] {
            assert!(!mail.text.contains(secret), "{secret} in {}", mail.text);
        }
        assert!(!mail.to.contains(&mute.name));
    }
    app.drain_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_no_longer_see_it_gets_no_mail_about_it() {
    let server = MailServer::start([]).await;
    let app = app(&server).await;
    let (olga, mia) = (app.author("olga").await, app.author("mia").await);
    address(&app, &mia).await;
    olga.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    olga.put("/api/v1/teams/acme/members/mia", &json!({"role": "maintainer"})).await.expect(200);
    olga.upload("acme/f", "1.0.0", distinct("seen", 10)).await.expect(201);
    olga.submit("acme/f", "1.0.0", "publish").await.expect(201);
    assert_eq!(mails(&app, &server, 1).await[0].to, "mia@people.example");
    olga.upload("acme/f", "2.0.0", distinct("unseen", 10)).await.expect(201);
    let review = olga.submit("acme/f", "2.0.0", "publish").await.expect(201).json();
    let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
    let checked = eventually(Duration::from_secs(10), async || {
        let _ = tamis::jobs::queue::drain(&app.state).await;
        olga.get(&path).await.json()["state"] == "in_review"
    });
    assert!(checked.await);
    olga.delete("/api/v1/teams/acme/members/mia").await.expect(204);
    app.clock.advance(Duration::from_secs(301));
    app.drain_jobs().await;
    assert!(server.mails().iter().all(|m| !m.text.contains("2.0.0")), "{:?}", server.mails());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_mail_gets_none_and_what_was_read_is_not_mailed() {
    let server = MailServer::start([]).await;
    let app = app(&server).await;
    let (alice, carl, cora) =
        (app.author("alice").await, app.curator("carl").await, app.curator("cora").await);
    for who in [&carl, &cora] {
        address(&app, who).await;
    }
    carl.put("/api/v1/me/notifications", &json!({"mail": false})).await.expect(200);
    alice.upload("alice/f", "1.0.0", distinct("unwanted", 10)).await.expect(201);
    alice.submit("alice/f", "1.0.0", "publish").await.expect(201);
    assert_eq!(mails(&app, &server, 1).await[0].to, "cora@people.example");
    alice.upload("alice/f", "2.0.0", distinct("read", 10)).await.expect(201);
    alice.submit("alice/f", "2.0.0", "publish").await.expect(201);
    let told = eventually(Duration::from_secs(5), async || {
        let _ = tamis::jobs::queue::drain(&app.state).await;
        cora.get("/api/v1/me/inbox/unread").await.json()["unread"] == 2
    });
    assert!(told.await);
    cora.post("/api/v1/me/inbox/read", &json!({})).await.expect(204);
    app.clock.advance(Duration::from_secs(301));
    app.drain_jobs().await;
    assert_eq!(server.mails().len(), 1, "{:?}", server.mails());
    assert_eq!(carl.get("/api/v1/me/inbox/unread").await.json()["unread"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    let server = MailServer::start(["451 later", "550 no such mailbox"]).await;
    let app = app(&server).await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    address(&app, &carl).await;
    alice.upload("alice/f", "1.0.0", distinct("busy", 10)).await.expect(201);
    alice.submit("alice/f", "1.0.0", "publish").await.expect(201);
    let refused = eventually(Duration::from_secs(10), async || {
        let _ = tamis::jobs::queue::drain(&app.state).await;
        job::Entity::find().all(&*app.state.db).await.unwrap().iter().any(|j| j.last_error.is_some())
    });
    assert!(refused.await);
    app.clock.advance(Duration::from_secs(10));
    app.drain_jobs().await;
    assert!(server.mails().is_empty());
    assert_eq!(
        carl.get("/api/v1/me/inbox/unread").await.json()["unread"],
        1,
        "the inbox has it all the same"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_nothing_is_said_to_a_server_that_does_not_prove_who_it_is() {
    // Speaks no TLS at all.
    let server = MailServer::start([]).await;
    let url = server.url.replace("smtp://", "smtps://tamis:secret-word@");
    let app = TestApp::spawn_with(&["--smtp-url", &url, "--mail-from", "tamis@tamis.example"]).await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    address(&app, &carl).await;
    alice.upload("alice/f", "1.0.0", distinct("tls", 10)).await.expect(201);
    alice.submit("alice/f", "1.0.0", "publish").await.expect(201);
    let error = async || {
        let _ = tamis::jobs::queue::drain(&app.state).await;
        let jobs = job::Entity::find().all(&*app.state.db).await.unwrap();
        jobs.into_iter().find_map(|j| j.last_error)
    };
    assert!(eventually(Duration::from_secs(10), async || error().await.is_some()).await);
    let error = error().await.unwrap();
    assert!(error.contains("the mail server does not take it"), "{error}");
    assert!(!error.contains("secret-word"));
    assert!(server.mails().is_empty());
}
