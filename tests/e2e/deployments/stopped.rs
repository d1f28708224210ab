//! The real binary, killed and stopped while it deploys: nothing is lost, nothing is done twice, nothing older
//! comes after what is newer.
use super::{
    DEPLOYMENTS, TARGETS, id,
    meshery_server::{Effect, Fate, Server},
    wanted,
};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::{
    client::Person,
    crash::{self, Instance, eventually, random::Random},
    fixtures::distinct,
};
use tamis_entities::value::Role;

pub const QUICK: &[(&str, &str)] = &[
    ("TAMIS_ALLOW_NETWORK", "127.0.0.0/8"),
    ("TAMIS_TARGET_TIMEOUT_MS", "500"),
    ("TAMIS_DEPLOY_PAUSE_MS", "50"),
    ("TAMIS_DEPLOY_LONGEST_PAUSE", "1"),
];
/// Twice the time of an answer, and three seconds.
const LEASE: Duration = Duration::from_secs(4);

pub struct Real {
    pub alice: Person,
}

/// With a published release, `alice/f@1.0.0`; a server has to run.
pub async fn world(instance: &Instance) -> Real {
    let (alice, carl) =
        (instance.user("alice", Role::User).await, instance.user("carl", Role::Curator).await);
    alice.upload("alice/f", "1.0.0", distinct("deployed", 10)).await.expect(201);
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
    let checked =
        eventually(Duration::from_secs(20), async || carl.get(&path).await.json()["state"] == "in_review");
    assert!(checked.await);
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);
    Real { alice }
}

impl Real {
    async fn target(&self, server: &Server) -> String {
        let body = json!({"namespace": "alice", "name": "t", "kind": "meshery", "url": server.url});
        id(&self.alice.post(TARGETS, &body).await.expect(201).json())
    }

    pub async fn get(&self, deployment: &str) -> Value {
        self.alice.get(&format!("{DEPLOYMENTS}/{deployment}")).await.expect(200).json()
    }

    pub async fn state(&self, deployment: &str, state: &str) {
        let done = eventually(Duration::from_secs(60), async || self.get(deployment).await["state"] == state);
        assert!(done.await, "not {state}: {:#}", self.get(deployment).await);
    }

    /// Asks for it; None when the answer did not come.
    async fn wish(&self, target: &str, n: u64) -> Option<String> {
        let body = wanted(&[target], "1.0.0", json!({"n": n}));
        let sent = self.alice.request(reqwest::Method::POST, DEPLOYMENTS).json(&body).send().await.ok()?;
        let reply = sent.error_for_status().ok()?.json::<Value>().await.ok()?;
        Some(id(&reply["items"][0]))
    }
}

fn numbers(server: &Server) -> Vec<u64> {
    let number = |effect: &Effect| match effect {
        Effect::Applied { config, .. } => config["n"].as_u64().unwrap(),
        Effect::Removed { .. } => u64::MAX,
    };
    server.effects().iter().map(number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_it_brings_the_target_to_the_last_wanted_state_without_going_back() {
    let seed = crash::seed();
    println!("TAMIS_TEST_SEED={seed}");
    let mut random = Random::new(seed);
    let instance = Instance::new().await;
    let mut process = instance.start(QUICK).await;
    let world = world(&instance).await;
    let meshery = Server::start(None).await;
    let target = world.target(&meshery).await;
    let (mut deployment, mut acknowledged) = (String::new(), 0);
    for n in 0..u64::from(crash::count(6, 60)) {
        let fates = [Fate::Served, Fate::Served, Fate::LosesReply, Fate::Fails, Fate::Hangs];
        let script: Vec<_> = (0..4).filter_map(|_| random.pick(&fates).copied()).collect();
        meshery.follow(script);
        let wish = world.wish(&target, n);
        let kill = async {
            let longest = if n % 2 == 0 { 300 } else { 5000 };
            tokio::time::sleep(Duration::from_millis(1 + random.below(longest))).await;
        };
        let (made, ()) = tokio::join!(wish, kill);
        process.kill();
        if let Some(made) = made {
            (deployment, acknowledged) = (made, n);
        }
        process = instance.start(QUICK).await;
    }
    meshery.follow([]);
    world.state(&deployment, "deployed").await;
    let came = numbers(&meshery);
    assert!(
        came.is_sorted() && came.last() >= Some(&acknowledged),
        "{came:?}, {acknowledged} was acknowledged, seed {seed}"
    );
    world.alice.delete(&format!("{DEPLOYMENTS}/{deployment}")).await.expect(202);
    world.state(&deployment, "removed").await;
    meshery.with(|i| assert_eq!((i.wrong.clone(), i.filters.len()), (vec![], 0), "seed {seed}"));
    assert_eq!(numbers(&meshery).last(), Some(&u64::MAX));
    drop(process);
}

/// On SQLite there is one process.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_stopped_for_three_leases_undoes_nothing_when_it_goes_on() {
    let instance = Instance::new().await;
    if instance.is_embedded() {
        return;
    }
    let first = instance.start(QUICK).await;
    let second = instance.start_second(QUICK).await;
    let world = world(&instance).await;
    let other = Real { alice: Person { base: second.base.clone(), ..world.alice.clone() } };
    let meshery = Server::start(None).await;
    let target = world.target(&meshery).await;
    let mut deployment = String::new();
    for round in 0..3 {
        // Whoever takes it is held up in the middle.
        meshery.follow([Fate::Served, Fate::Hangs]);
        let asked = world.wish(&target, round * 10).await.unwrap();
        tokio::time::sleep(Duration::from_millis(150 + 100 * round)).await;
        first.signal("STOP");
        tokio::time::sleep(LEASE).await;
        deployment = other.wish(&target, round * 10 + 1).await.unwrap();
        assert_eq!(deployment, asked);
        other.state(&deployment, "deployed").await;
        tokio::time::sleep(LEASE * 2).await;
        let before = numbers(&meshery);
        assert_eq!(before.last(), Some(&(round * 10 + 1)));
        first.signal("CONT");
        tokio::time::sleep(Duration::from_secs(3)).await;
        let after = numbers(&meshery);
        assert_eq!(before, after, "it went on where it had been stopped");
        assert!(after.is_sorted(), "{after:?}");
    }
    other.alice.delete(&format!("{DEPLOYMENTS}/{deployment}")).await.expect(202);
    other.state(&deployment, "removed").await;
    meshery.with(|i| assert_eq!((i.wrong.clone(), i.filters.len()), (vec![], 0)));
}
