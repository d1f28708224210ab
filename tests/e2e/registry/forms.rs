//! The forms that releases are given later, when they have none.
use super::repo;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
use serde_json::json;
use tamis_e2e::{app::TestApp, fixtures::distinct};
use tamis_entities::{module, registry_blob, registry_manifest, value::ModuleState};

/// As many as one turn makes, and one more behind them.
const BROKEN: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn releases_whose_forms_cannot_be_made_do_not_keep_others_waiting() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let own = repo(&alice, "alice/f");
    for n in 0..=BROKEN {
        let module = distinct(&format!("module {n}"), 10);
        alice.upload("alice/f", &format!("1.0.{n}"), module).await.expect(201);
    }
    let db = &*app.state.db;
    registry_manifest::Entity::delete_many().exec(db).await.unwrap();
    registry_blob::Entity::delete_many().exec(db).await.unwrap();
    app.state.registry.forget();
    let last = alice.get(&format!("/api/v1/filters/alice/f/releases/1.0.{BROKEN}")).await.expect(200).json();
    for row in module::Entity::find().all(db).await.unwrap() {
        if last["digest"] != row.sha256.digest() {
            let mut row = row.into_active_model();
            row.state = Set(ModuleState::Condemned);
            row.update(db).await.unwrap();
        }
    }
    let tag = format!("/manifests/1.0.{BROKEN}");
    own.get(&tag).await.expect(404);
    // Two turns are enough; other servers in this process share where they look.
    for _ in 0..10 {
        tamis::registry::forms::fill(&app.state).await.unwrap();
        app.state.registry.forget();
        if own.get(&tag).await.status == 200 {
            return;
        }
    }
    panic!("the last release has no form");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_the_right_while_a_form_is_made_makes_none() {
    use tamis::{auth, error::Kind, registry::forms};
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    alice.upload("alice/f", "1.0.0", distinct("form", 10)).await.expect(201);
    let grant = "/api/v1/filters/alice/f/grants/user:bob";
    alice.put(grant, &json!({"level": "write"})).await.expect(200);
    let (caller, _) = auth::caller::by_secret(&app.state, bob.token.as_deref().unwrap()).await.unwrap();
    let (handle, name) = ("alice".parse().unwrap(), "f".parse().unwrap());
    let access = auth::access::load_filter(&app.state, caller, &handle, &name).await.unwrap();
    let version = "1.0.0".parse().unwrap();
    let release = auth::access::find_release(&*app.state.db, access.filter.id, &version).await.unwrap();
    // Between the question whether they may, and the change.
    alice.delete(grant).await.expect(204);
    let refused = forms::solo::make(&app.state, &access, &release.unwrap()).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::NotFound);
    let release = alice.get("/api/v1/filters/alice/f/releases/1.0.0").await.expect(200).json();
    assert!(release["forms"].as_array().unwrap().iter().all(|f| f["kind"] != "oci-solo"), "{release}");
    app.assert_sound().await;
}
