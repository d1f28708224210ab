//! A reference model of a review beside the real thing: whatever a mix of people does in whatever
//! order, each answer and each state is the one that the model says, and nothing is published that
//! did not get its quorum for that digest and revision. The model calls nothing of the service.
mod reference;

use super::read;
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestRunner};
use reference::Model;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::small,
};
use tamis_entities::value::Role;

const QUORUM: usize = 2;
const POLICY: &str =
    "[quorum]\ndefault = 2\n[checks]\nrequired = [\"verification\", \"hosts\", \"licence\"]\n";

/// alice owns the filter; emil curates and writes it; carl and dora curate; ada and bert administer.
const CURATORS: [&str; 5] = ["carl", "dora", "emil", "ada", "bert"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Submit,
    /// With a licence, which the policy requires, or without.
    Edit(bool),
    Vote(&'static str, &'static str),
    Release(&'static str),
    Withdraw,
    Resubmit,
    RunChecks(&'static str),
    Recuse(&'static str),
    AskGlass(&'static str),
    Countersign(&'static str),
    Appeal,
    WithdrawAppeal,
    DecideAppeal(&'static str, &'static str),
    Quarantine,
}

fn step() -> impl Strategy<Value = Step> {
    let who = || select(&CURATORS[..]);
    prop_oneof![
        6 => Just(Step::Submit),
        2 => select(&[true, true, false][..]).prop_map(Step::Edit),
        16 => (who(), select(&["approve", "approve", "approve", "approve", "approve", "approve", "reject", "request_changes"][..]))
            .prop_map(|(who, decision)| Step::Vote(who, decision)),
        9 => select(&["alice", "carl", "emil"][..]).prop_map(Step::Release),
        1 => Just(Step::Withdraw),
        2 => Just(Step::Resubmit),
        2 => select(&["alice", "carl"][..]).prop_map(Step::RunChecks),
        1 => who().prop_map(Step::Recuse),
        2 => who().prop_map(Step::AskGlass),
        2 => who().prop_map(Step::Countersign),
        1 => Just(Step::Appeal),
        1 => Just(Step::WithdrawAppeal),
        1 => (who(), select(&["reopen", "uphold"][..])).prop_map(|(who, what)| Step::DecideAppeal(who, what)),
        1 => Just(Step::Quarantine),
    ]
}

/// Anything in any order, and as often the way to a publication with anything between its steps: chance alone
/// publishes too seldom to say much about publications.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let some = || vec(step(), 0..4);
    let approve = || select(&CURATORS[..]).prop_map(|who| Step::Vote(who, "approve"));
    let toward = (some(), some(), approve(), some(), approve(), some(), vec(step(), 1..12)).prop_map(
        |(a, b, one, c, two, d, rest)| {
            [a, vec![Step::Submit], b, vec![one], c, vec![two], d, vec![Step::Release("alice")], rest]
                .concat()
        },
    );
    prop_oneof![vec(step(), 4..32), toward]
}

struct World {
    app: TestApp,
    alice: Person,
    people: BTreeMap<&'static str, Person>,
}

impl World {
    async fn new() -> Self {
        let policy = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(policy.path(), POLICY).unwrap();
        let app = TestApp::spawn_with(&["--policy", policy.path().to_str().unwrap()]).await;
        let alice = app.author("alice").await;
        let mut people = BTreeMap::from([("alice", alice.clone())]);
        for name in CURATORS {
            let role = if ["ada", "bert"].contains(&name) { Role::Admin } else { Role::Curator };
            people.insert(name, app.user(name, role).await);
        }
        Self { app, alice, people }
    }

    /// The step over HTTP. What a step cannot even ask for is refused.
    async fn take(&self, filter: &str, review: &mut Option<Value>, step: Step, edit: u32) -> Option<Reply> {
        let release = format!("/api/v1/filters/{filter}/releases/1.0.0");
        let known = review.clone();
        let on = async |who: &str, act: &str, body: Value| -> Option<Reply> {
            let id = known.as_ref()?["id"].as_str().unwrap().to_owned();
            Some(self.people[who].post(&format!("/api/v1/reviews/{id}/{act}"), &body).await)
        };
        let digest = known.as_ref().map_or(Value::Null, |r| r["digest"].clone());
        let reply = match step {
            Step::Submit => {
                let reply = self.alice.submit(filter, "1.0.0", "publish").await;
                if reply.status == 201 {
                    *review = Some(reply.json());
                }
                Some(reply)
            }
            Step::Edit(licensed) => {
                let licence = if licensed { json!("MIT") } else { Value::Null };
                let said = json!({"readme": format!("edit {edit}"), "licence": licence});
                Some(self.alice.patch(&release, &said).await)
            }
            Step::Quarantine => Some(
                self.people["carl"].post(&format!("{release}/quarantine"), &json!({"reason": "r"})).await,
            ),
            Step::Vote(who, decision) => {
                on(who, "votes", json!({"decision": decision, "digest": digest, "note": "n"})).await
            }
            Step::Release(who) => on(who, "release", json!({})).await,
            Step::Withdraw => on("alice", "withdrawal", json!({})).await,
            Step::Resubmit => on("alice", "resubmission", json!({})).await,
            Step::RunChecks(who) => on(who, "checks", json!({})).await,
            Step::Recuse(who) => on(who, "recusal", json!({})).await,
            Step::AskGlass(who) => on(who, "break-glass", json!({"reason": "r", "digest": digest})).await,
            Step::Countersign(who) => {
                on(who, "break-glass/countersignature", json!({"digest": digest})).await
            }
            Step::Appeal => on("alice", "appeal", json!({"note": "n"})).await,
            Step::WithdrawAppeal => on("alice", "appeal/withdrawal", json!({})).await,
            Step::DecideAppeal(who, what) => {
                on(who, "appeal/decision", json!({"decision": what, "note": "n"})).await
            }
        };
        self.app.drain_jobs().await;
        reply
    }

    async fn run(&self, filter: &str, steps: &[Step]) -> Result<bool, TestCaseError> {
        self.alice.upload(filter, "1.0.0", small()).await.expect(201);
        let release = format!("/api/v1/filters/{filter}/releases/1.0.0");
        self.alice.patch(&release, &json!({"licence": "MIT"})).await.expect(200);
        let grant = format!("/api/v1/filters/{filter}/grants/user:emil");
        self.alice.put(&grant, &json!({"level": "write"})).await.expect(200);
        let (mut model, mut review, mut published) = (Model::new(), None, false);
        for (at, step) in steps.iter().enumerate() {
            let told = format!("{filter}, step {at}: {step:?} of {steps:?}, before: {model:?}");
            let allowed = model.apply(*step);
            let reply = self.take(filter, &mut review, *step, model.edit).await;
            let status = reply.as_ref().map_or(404, |r| r.status);
            let text = reply.map(|r| r.text()).unwrap_or_default();
            prop_assert_eq!((200..300).contains(&status), allowed, "{}: {} {}", told, status, text);
            prop_assert!(status < 500, "{told}: {text}");
            let release = self.alice.get(&format!("/api/v1/filters/{filter}/releases/1.0.0")).await.json();
            prop_assert_eq!(release["state"].as_str(), Some(model.release), "{}", told);
            if let (Some(review), Some(request)) = (&review, &model.request) {
                let seen = read(&self.alice, review).await;
                prop_assert_eq!(seen["state"].as_str(), Some(request.state.word()), "{}", told);
                if model.release == "published" {
                    self.judge(&seen, &release, &told)?;
                    published = true;
                }
            }
        }
        Ok(published)
    }

    /// Published: by a quorum of exactly this, or by two people who broke the glass.
    fn judge(&self, review: &Value, release: &Value, told: &str) -> Result<(), TestCaseError> {
        let voters: BTreeSet<_> = review["votes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|v| v["decision"] == "approve" && v["round"] == review["round"])
            .filter(|v| v["digest"] == release["digest"] && v["revision"] == release["revision"])
            .filter(|v| v["by"] != "emil" && !review["recused"].as_array().unwrap().contains(&v["by"]))
            .map(|v| v["by"].to_string())
            .collect();
        let glass = release["break_glass"] == true;
        prop_assert!(voters.len() >= QUORUM || glass, "{}: published by {:?}", told, voters);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sequence_of_acts_of_any_mix_of_people_publishes_what_has_no_quorum() {
    let world = World::new().await;
    let cases = if std::env::var("TAMIS_TEST_FULL").is_ok() { 2_000 } else { 60 };
    let config =
        ProptestConfig { cases, max_shrink_iters: 200, failure_persistence: None, ..Default::default() };
    let (mut nth, mut published) = (0, 0);
    let handle = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let count = std::cell::RefCell::new((&mut nth, &mut published));
        let ran = TestRunner::new(config).run(&steps(), |steps| {
            let filter = {
                let mut count = count.borrow_mut();
                *count.0 += 1;
                format!("alice/f{}x", count.0)
            };
            let live = handle.block_on(world.run(&filter, &steps))?;
            *count.borrow_mut().1 += usize::from(live);
            Ok(())
        });
        if let Err(error) = ran {
            panic!("{error}");
        }
    });
    println!("{nth} sequences, {published} publish");
    assert!(
        published > nth / 20,
        "{published} of {nth}: the sequences publish too rarely to prove something"
    );
}
