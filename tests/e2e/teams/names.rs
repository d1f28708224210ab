//! Handles that change: the old one leads reads on and belongs to nobody else, ever.
use serde_json::json;
use tamis_e2e::{
    app::TestApp,
    fixtures::{distinct, small},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_team_is_read_by_its_old_name_and_written_by_its_new_one() {
    let app = TestApp::spawn().await;
    let (alice, bob, carl) = (app.author("alice").await, app.author("bob").await, app.curator("carl").await);
    alice.post("/api/v1/teams", &json!({"handle": "acme", "title": "Acme"})).await.expect(201);
    app.publish(&alice, &carl, "acme/shown", "1.0.0", &small()).await;
    alice.upload("acme/hidden", "1.0.0", distinct("hidden", 10)).await.expect(201);
    let renamed = alice.patch("/api/v1/teams/acme", &json!({"handle": "acme-edge"})).await.expect(200).json();
    assert_eq!((renamed["handle"].as_str(), renamed["title"].as_str()), (Some("acme-edge"), Some("Acme")));
    // Reads by either name answer as under the new one.
    for team in ["acme", "acme-edge"] {
        let base = format!("/api/v1/filters/{team}");
        assert_eq!(
            alice.get(&format!("/api/v1/teams/{team}")).await.expect(200).json()["handle"],
            "acme-edge"
        );
        assert_eq!(bob.get(&format!("{base}/shown")).await.expect(200).json()["namespace"], "acme-edge");
        let release = bob.get(&format!("{base}/shown/releases/1.0.0")).await.expect(200).json();
        assert!(release["links"]["module"].as_str().unwrap().contains("/acme-edge/shown/"), "{release}");
        bob.get(&format!("{base}/shown/releases/1.0.0/module")).await.expect(200);
        let entry = bob.get(&format!("/api/v1/catalog/{team}/shown")).await.expect(200).json();
        assert_eq!(entry["namespace"], "acme-edge");
        for list in [format!("/api/v1/catalog?namespace={team}"), format!("/api/v1/filters?namespace={team}")]
        {
            assert_eq!(super::items(bob.get(&list).await)[0]["namespace"], "acme-edge", "{list}");
        }
        alice.get(&format!("{base}/hidden/releases/1.0.0/module")).await.expect(200);
        bob.get(&format!("{base}/hidden")).await.expect_problem(404, "not-found");
    }
    // Writes by the old one tell the new one to who may see the filter, and to nobody else.
    let old = "/api/v1/filters/acme";
    let told =
        alice.put(&format!("{old}/hidden"), &json!({"title": "t"})).await.expect_problem(409, "renamed");
    assert!(told.json()["detail"].as_str().unwrap().contains("acme-edge/hidden"));
    alice.upload("acme/hidden", "2.0.0", small()).await.expect_problem(409, "renamed");
    alice.upload("acme/brand-new", "1.0.0", small()).await.expect_problem(409, "renamed");
    alice.delete(&format!("{old}/hidden")).await.expect_problem(409, "renamed");
    alice.submit("acme/hidden", "1.0.0", "publish").await.expect_problem(409, "renamed");
    alice
        .put("/api/v1/teams/acme/members/bob", &json!({"role": "member"}))
        .await
        .expect_problem(409, "renamed");
    bob.put(&format!("{old}/shown"), &json!({})).await.expect_problem(409, "renamed");
    bob.put(&format!("{old}/hidden"), &json!({})).await.expect_problem(404, "not-found");
    bob.put(&format!("{old}/brand-new"), &json!({})).await.expect_problem(404, "not-found");
    bob.patch("/api/v1/teams/acme", &json!({"title": "x"})).await.expect_problem(404, "not-found");
    // Search follows.
    app.drain_jobs().await;
    for list in ["catalog", "filters"] {
        let hits = super::items(alice.get(&format!("/api/v1/{list}?q=acme-edge")).await);
        assert!(hits.iter().any(|h| h["name"] == "shown"), "{list}: {hits:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_that_was_left_is_never_given_to_another() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    alice.post("/api/v1/teams", &json!({"handle": "acme"})).await.expect(201);
    alice.put("/api/v1/filters/alice/mine", &json!({})).await.expect(201);
    alice.patch("/api/v1/me", &json!({"handle": "alicia"})).await.expect(200);
    assert_eq!(alice.get("/api/v1/me").await.json()["handle"], "alicia");
    assert_eq!(alice.get("/api/v1/filters/alice/mine").await.expect(200).json()["namespace"], "alicia");
    alice.patch("/api/v1/teams/acme", &json!({"handle": "edge"})).await.expect(200);
    for taken in ["alice", "a1ice", "acme", "edge", "alicia"] {
        bob.post("/api/v1/teams", &json!({"handle": taken})).await.expect_problem(409, "handle-taken");
        bob.patch("/api/v1/me", &json!({"handle": taken})).await.expect_problem(409, "handle-taken");
    }
    bob.patch("/api/v1/me", &json!({"handle": "admin"})).await.expect_problem(400, "invalid");
    // Another's old handle is not theirs to come back to either; their own is.
    alice.patch("/api/v1/me", &json!({"handle": "acme"})).await.expect_problem(409, "handle-taken");
    alice.patch("/api/v1/me", &json!({"handle": "alice"})).await.expect(200);
    bob.post("/api/v1/teams", &json!({"handle": "alicia"})).await.expect_problem(409, "handle-taken");
    // A team that is gone leaves no handle behind.
    alice.put("/api/v1/filters/edge/f", &json!({})).await.expect(201);
    alice.delete("/api/v1/teams/edge").await.expect_problem(409, "owns-filters");
    alice.delete("/api/v1/filters/edge/f").await.expect(204);
    alice.delete("/api/v1/teams/edge").await.expect(204);
    for gone in ["edge", "acme"] {
        alice.get(&format!("/api/v1/teams/{gone}")).await.expect(404);
        alice.put(&format!("/api/v1/filters/{gone}/f"), &json!({})).await.expect(404);
        bob.post("/api/v1/teams", &json!({"handle": gone})).await.expect_problem(409, "handle-taken");
        alice
            .put(&format!("/api/v1/filters/alice/mine/grants/team:{gone}"), &json!({"level": "read"}))
            .await
            .expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_rename_and_register_at_once_each_name_has_one_holder() {
    let app = TestApp::spawn().await;
    let mut people = vec![];
    for i in 0..4 {
        people.push(app.author(&format!("person-{i}x")).await);
    }
    let names = ["one", "two", "three"];
    for round in 0..6 {
        let acts = (0..12).map(|i| {
            let (who, name) = (people[(i + round) % 4].clone(), names[i % 3]);
            async move {
                match i % 2 {
                    0 => who.patch("/api/v1/me", &json!({"handle": name})).await,
                    _ => who.post("/api/v1/teams", &json!({"handle": name})).await,
                }
            }
        });
        for reply in futures_util::future::join_all(acts).await {
            assert!([200, 201, 409].contains(&reply.status), "{}", reply.text());
        }
    }
    use sea_orm::EntityTrait;
    use tamis_entities::{former_handle, namespace};
    let now = namespace::Entity::find().all(&*app.state.db).await.unwrap();
    let was = former_handle::Entity::find().all(&*app.state.db).await.unwrap();
    for name in names {
        let holders = now.iter().filter(|n| n.handle.as_str() == name).count()
            + was.iter().filter(|n| n.handle.as_str() == name).count();
        assert_eq!(holders, 1, "{name}");
    }
    app.drain_jobs().await;
}
