//! Objects that rot, vanish or appear behind Tamis's back: nobody gets them as if they were
//! whole, `fsck` names exactly these, and the same bytes uploaded again repair them.
use super::objects::Objects;
use std::collections::BTreeSet;
use tamis_e2e::{
    client::Person,
    crash::Instance,
    fixtures::{distinct, sha256},
};
use tamis_entities::value::Role;

const HOW_MANY: usize = 50;

fn module(number: usize) -> Vec<u8> {
    distinct(&format!("rot {number}"), if number == 0 { 400_000 } else { 100 })
}

fn release(number: usize) -> String {
    format!("/api/v1/filters/alice/f{number}/releases/1.0.0")
}

/// Whether a download came to a good end: the announced length, under a good status.
async fn completes(person: &Person, path: &str, range: Option<&str>) -> bool {
    let mut request = person.request(reqwest::Method::GET, path);
    if let Some(range) = range {
        request = request.header("range", range);
    }
    match request.send().await {
        Ok(reply) if reply.status().is_success() => reply.bytes().await.is_ok(),
        _ => false,
    }
}

/// Of one release: the module, and what its other forms are made of.
const OBJECTS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn one_rotten_one_missing_one_orphan_and_one_foreign_object_are_found_and_no_other() {
    let instance = Instance::new().await;
    let alice = instance.user("alice", Role::User).await;
    let _server = instance.start(&[]).await;
    let objects = Objects::of(&instance);
    let mut names = Vec::new();
    let mut known = BTreeSet::new();
    for number in 0..HOW_MANY {
        alice.upload(&format!("alice/f{number}"), "1.0.0", module(number)).await.expect(201);
        if number < 2 {
            let now = objects.names().await;
            // A release's other forms are objects, too.
            let own = sha256(&module(number));
            names.extend(now.difference(&known).filter(|name| name.contains(&own)).cloned());
            known = now;
        }
    }
    let (rotten, missing) = (names[0].clone(), names[1].clone());
    assert_eq!(objects.names().await.len(), HOW_MANY * OBJECTS);
    let (found, clean) = instance.fsck().await;
    assert!(clean && found["modules"] == HOW_MANY * OBJECTS, "{found}");

    let mut bytes = module(0);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    objects.write(&rotten, &bytes).await;
    objects.remove(&missing).await;
    let orphan = format!("modules/sha256/ab/ab{}.7", "0".repeat(62));
    objects.write(&orphan, b"nobody names this").await;
    objects.write("notes.txt", b"not ours").await;

    let output = instance.run(&["fsck", "--json"]).await;
    assert_eq!(output.status.code(), Some(1));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let problems = found["problems"].as_array().unwrap().iter();
    let problems: BTreeSet<_> = problems
        .map(|p| (p["kind"].as_str().unwrap().to_owned(), p["object"].as_str().unwrap().to_owned()))
        .collect();
    let wanted = [("corrupt", rotten.as_str()), ("missing", missing.as_str()), ("foreign", "notes.txt")];
    assert_eq!(problems, wanted.map(|(k, o)| (k.to_owned(), o.to_owned())).into());
    assert_eq!(found["orphans"], serde_json::json!([orphan]));
    let said = Instance::expect(instance.run(&["fsck"]).await, 1);
    assert!(said.contains(&rotten) && said.contains("NOT CLEAN"), "{said}");

    assert!(!completes(&alice, &format!("{}/module", release(0)), None).await, "rotten bytes came whole");
    assert!(!completes(&alice, &format!("{}/module", release(0)), Some("bytes=0-99")).await);
    alice.get(&format!("{}/module", release(1))).await.expect_problem(500, "module-damaged");
    alice.get(&release(1)).await.expect(200);
    assert!(completes(&alice, &format!("{}/module", release(2)), None).await);

    // The same bytes again, under whatever name, put both right.
    for number in [0, 1] {
        alice.upload(&format!("alice/again{number}"), "1.0.0", module(number)).await.expect(201);
        let healed = alice.get(&format!("{}/module", release(number))).await.expect(200);
        assert_eq!(healed.body, module(number));
    }
    objects.remove("notes.txt").await;
    instance.assert_sound().await;
    assert_eq!(objects.names().await.len(), HOW_MANY * OBJECTS);
}
