//! What changed between two releases, told from their bytes and their metadata.
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tamis_e2e::{
    app::TestApp,
    fixtures::{distinct, filter},
    modules::Draft,
};
use tamis_entities::{module, module_texts, value::Sha256};

const PATH: &str = "/api/v1/filters/alice/limiter/releases";

fn older() -> Vec<u8> {
    let module = Draft::good().with(|m| {
        m.import("env", "proxy_get_shared_data", "iiiii>i");
        m.export("proxy_on_queue_ready", "ii>");
        m.more = r#"(data (i32.const 0) "plan header missing\00same in both\00")"#.into();
    });
    module.bytes()
}

fn newer() -> Vec<u8> {
    let module = Draft::good().with(|m| {
        m.import("env", "proxy_get_shared_data", "iiiii>i");
        m.import("env", "proxy_set_shared_data", "iiiii>i");
        m.import("env", "proxy_http_call", "iiiiiiiiii>i");
        m.export("proxy_on_http_call_response", "iiiii>");
        m.more = r#"(data (i32.const 0) "same in both\00https://plans.example/v1?customer=\00")"#.into();
    });
    module.bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diff_tells_what_a_new_release_can_do_and_says_of_itself() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/limiter", "0.9.3", older()).await.expect(201);
    alice.upload("alice/limiter", "0.10.0", newer()).await.expect(201);
    let schema = |more: Value| json!({"type": "object", "required": ["plan"], "properties": more});
    let old = json!({"readme": "# Limiter\n\nOne.\n", "licence": "MIT",
        "config_schema": schema(json!({"plan": {"type": "string"}}))});
    let new = json!({"readme": "# Limiter\n\nTwo.\n", "licence": "Apache-2.0",
        "config_schema": schema(json!({"plan": {"type": "string"}, "plan_cluster": {"type": "string"}}))});
    alice.patch(&format!("{PATH}/0.9.3"), &old).await.expect(200);
    alice.patch(&format!("{PATH}/0.10.0"), &new).await.expect(200);

    let diff = alice.get(&format!("{PATH}/0.9.3/diff/0.10.0")).await.expect(200).json();
    assert_eq!((&diff["from"]["version"], &diff["to"]["version"]), (&json!("0.9.3"), &json!("0.10.0")));
    let module = &diff["module"];
    assert_eq!(module["capabilities"]["added"][0]["id"], "http-call", "{module}");
    assert_eq!(module["capabilities"]["removed"], json!([]));
    let shared = &module["capabilities"]["changed"][0];
    assert_eq!(
        (&shared["id"], &shared["imports_added"]),
        (&json!("shared-data"), &json!(["proxy_set_shared_data"]))
    );
    assert_eq!(module["imports"]["added"][0]["name"], "proxy_http_call");
    assert_eq!(module["imports"]["unchanged"][0]["name"], "proxy_get_shared_data");
    assert_eq!(module["exports"]["added"][0]["name"], "proxy_on_http_call_response");
    assert_eq!(module["exports"]["removed"][0]["name"], "proxy_on_queue_ready");
    assert_eq!(module["strings"]["removed"], json!(["plan header missing"]));
    assert_eq!(module["strings"]["added"], json!(["https://plans.example/v1?customer="]));
    assert_eq!((&module["strings"]["unchanged"], &module["strings"]["cut"]), (&json!(1), &json!(false)));
    assert_eq!(module["urls"]["added"], json!(["https://plans.example/v1?customer="]));
    let sections = module["sections"]["items"].as_array().unwrap();
    let data = sections.iter().find(|s| s["name"] == "data").unwrap();
    assert!(data["new"].as_u64() > data["old"].as_u64(), "{data}");
    assert_eq!(module["size"], json!({"old": older().len(), "new": newer().len()}));
    assert!(module["functions"]["new"]["count"].as_u64() > Some(0));

    let metadata = &diff["metadata"];
    assert_eq!(metadata["licence"], json!({"old": "MIT", "new": "Apache-2.0"}));
    let added = json!([{"path": "plan_cluster", "type": "string", "required": false}]);
    assert_eq!(metadata["config_schema"]["added"], added);
    let lines: Vec<_> =
        metadata["readme"]["lines"].as_array().unwrap().iter().map(|l| &l["change"]).collect();
    assert_eq!(lines, ["same", "same", "removed", "added"]);

    let back = alice.get(&format!("{PATH}/0.10.0/diff/0.9.3")).await.expect(200).json();
    assert_eq!(back["module"]["capabilities"]["removed"][0]["id"], "http-call");
    let same = alice.get(&format!("{PATH}/0.9.3/diff/0.9.3")).await.expect(200).json();
    assert_eq!(same["same_bytes"], true);
    for group in ["capabilities", "imports", "exports", "strings", "urls"] {
        let changes = &same["module"][group];
        assert_eq!((&changes["added"], &changes["removed"]), (&json!([]), &json!([])), "{group}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn literals_that_a_compiler_put_side_by_side_are_told_one_by_one() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/limiter", "1.0.0", filter("header-guard").to_vec()).await.expect(201);
    alice.upload("alice/limiter", "2.0.0", filter("plan-rate-limit").to_vec()).await.expect(201);
    let diff = alice.get(&format!("{PATH}/1.0.0/diff/2.0.0")).await.expect(200).json();
    let added = diff["module"]["strings"]["added"].as_array().unwrap();
    assert!(added.iter().any(|s| s == "x-ratelimit-limit"), "{added:?}");
    let powers = diff["module"]["capabilities"]["added"].as_array().unwrap();
    assert!(powers.iter().any(|c| c["id"] == "metrics"), "{powers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_the_caller_may_not_see_cannot_be_compared() {
    let app = TestApp::spawn().await;
    let (alice, carl, otto) =
        (app.author("alice").await, app.curator("carl").await, app.author("otto").await);
    app.publish(&alice, &carl, "alice/limiter", "1.0.0", &distinct("one", 10)).await;
    app.publish(&alice, &carl, "alice/limiter", "1.1.0", &distinct("two", 10)).await;
    alice.upload("alice/limiter", "2.0.0", distinct("draft", 10)).await.expect(201);
    let nobody = app.anonymous();
    nobody.get(&format!("{PATH}/1.0.0/diff/1.1.0")).await.expect(200);
    let absent = nobody.get(&format!("{PATH}/1.0.0/diff/3.0.0")).await.expect_problem(404, "not-found");
    for path in ["1.0.0/diff/2.0.0", "2.0.0/diff/1.0.0", "1.0.0/diff/no-version", "1.0.0/diff/bob%2Ff@1.0.0"]
    {
        for who in [&nobody, &otto] {
            let hidden = who.get(&format!("{PATH}/{path}")).await.expect_problem(404, "not-found");
            assert_eq!(hidden.json()["detail"], absent.json()["detail"], "{path}");
        }
    }
    alice.get(&format!("{PATH}/1.0.0/diff/2.0.0")).await.expect(200);
    let reason = json!({"reason": "looked at again"});
    carl.post(&format!("{PATH}/1.1.0/quarantine"), &reason).await.expect(200);
    for path in ["1.0.0/diff/1.1.0", "1.1.0/diff/1.0.0"] {
        nobody.get(&format!("{PATH}/{path}")).await.expect_problem(403, "quarantined");
        carl.get(&format!("{PATH}/{path}")).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_comparison_reads_no_module() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    alice.upload("alice/limiter", "0.9.3", older()).await.expect(201);
    alice.upload("alice/limiter", "0.10.0", newer()).await.expect(201);
    let first = alice.get(&format!("{PATH}/0.9.3/diff/0.10.0")).await.expect(200).json();
    let db = &*app.state.db;
    assert_eq!(module_texts::Entity::find().all(db).await.unwrap().len(), 2);
    for bytes in [older(), newer()] {
        let row = module::Entity::find_by_id(Sha256::of(&bytes)).one(db).await.unwrap().unwrap();
        let key = tamis::modules::store::key(&row.sha256, row.generation).unwrap();
        app.state.blobs.delete(&key).await.unwrap();
    }
    let second = alice.get(&format!("{PATH}/0.9.3/diff/0.10.0")).await.expect(200).json();
    assert_eq!(first, second);
}

/// Nothing but short texts, all different, and a README without end.
#[tokio::test(flavor = "multi_thread")]
async fn a_module_full_of_texts_is_compared_in_bounded_time_and_space() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let full = |salt: &str| {
        let texts: String = (0..400_000).map(|n| format!("{salt}{n:06}\\00")).collect();
        let mut draft = Draft::good();
        draft.memory = r#"(memory (export "memory") 200 200)"#.into();
        draft.more = format!("(data (i32.const 0) \"{texts}\")");
        draft.bytes()
    };
    alice.upload("alice/limiter", "1.0.0", full("text")).await.expect(201);
    alice.upload("alice/limiter", "2.0.0", full("word")).await.expect(201);
    for (version, word) in [("1.0.0", "a\n"), ("2.0.0", "b\n")] {
        let readme = json!({"readme": word.repeat(100_000)});
        alice.patch(&format!("{PATH}/{version}"), &readme).await.expect(200);
    }
    let began = Instant::now();
    let reply = alice.get(&format!("{PATH}/1.0.0/diff/2.0.0")).await.expect(200);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(reply.body.len() < 500_000, "{}", reply.body.len());
    let strings = &reply.json()["module"]["strings"];
    assert_eq!(strings["cut"], true);
    assert!(strings["left_out"].as_u64() > Some(0), "{strings}");
    assert_eq!(reply.json()["metadata"]["readme"]["lines_added"], 100_000);
}
