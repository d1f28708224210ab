//! The forms that releases are given later, when they have none.
use super::repo;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, IntoActiveModel};
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
