//! Seeded scripts of what goes wrong: whatever they say, each wanted state has exactly one effect, in order.
use super::{
    DEPLOYMENTS, TOKEN, World, id,
    meshery_server::{Effect, Fate, Server},
    wanted,
};
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::crash::{self, eventually, random::Random};

fn script(random: &mut Random) -> Vec<Fate> {
    let fates = [
        Fate::Hangs,
        Fate::LosesReply,
        Fate::Fails,
        Fate::Busy(2),
        Fate::Busy(0),
        Fate::Served,
        Fate::Served,
    ];
    let mut fates: Vec<_> = (0..5).map(|_| fates[usize::try_from(random.below(7)).unwrap()]).collect();
    // The one that finds out most.
    if random.below(3) == 0 {
        fates = vec![Fate::Hangs, Fate::LosesReply, Fate::Fails, Fate::Busy(2), Fate::Served];
    }
    fates
}

async fn all_in(world: &World, state: &str, many: usize) {
    let mut last = vec![];
    let done = eventually(Duration::from_secs(120), async || {
        let (mut found, mut after) = (vec![], String::new());
        loop {
            let page = world.alice.get(&format!("{DEPLOYMENTS}?limit=100{after}")).await.expect(200).json();
            found.extend(page["items"].as_array().unwrap().clone());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        last = found.iter().filter(|d| d["state"] != state).cloned().collect();
        found.len() == many && last.is_empty()
    });
    assert!(done.await, "{} are not {state}, such as {:#}", last.len(), last.first().unwrap_or(&Value::Null));
}

/// Rounds of many targets at once, each with a script of its own.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_each_wanted_state_has_one_effect_in_order() {
    let seed = crash::seed();
    println!("TAMIS_TEST_SEED={seed}");
    let (mut random, rounds) = (Random::new(seed), crash::count(2, 20));
    for _ in 0..rounds {
        let world = World::new().await;
        let digests = [world.publish("1.0.0").await, world.publish("1.1.0").await];
        let (mut servers, mut targets) = (vec![], vec![]);
        for number in 0..50 {
            let server = Server::start(Some(TOKEN)).await;
            targets.push(world.target(&format!("t{number}"), &server).await);
            servers.push(server);
        }
        let targets: Vec<_> = targets.iter().map(String::as_str).collect();
        let steps = [("1.0.0", json!({"n": 1})), ("1.1.0", json!({"n": 1})), ("1.1.0", json!({"n": 2}))];
        let mut made = vec![];
        for (version, config) in &steps {
            servers.iter().for_each(|s| s.follow(script(&mut random)));
            let reply =
                world.alice.post(DEPLOYMENTS, &wanted(&targets, version, config.clone())).await.expect(202);
            made = reply.json()["items"].as_array().unwrap().iter().map(id).collect();
            all_in(&world, "deployed", targets.len()).await;
        }
        servers.iter().for_each(|s| s.follow(script(&mut random)));
        for deployment in &made {
            world.alice.delete(&format!("{DEPLOYMENTS}/{deployment}")).await.expect(202);
        }
        all_in(&world, "removed", targets.len()).await;
        for (number, server) in servers.iter().enumerate() {
            let told = |effect: &Effect| match effect {
                Effect::Applied { sha256, config, .. } => (sha256.clone(), config["n"].clone()),
                Effect::Removed { .. } => (String::new(), Value::Null),
            };
            let effects: Vec<_> = server.effects().iter().map(told).collect();
            let wanted = [
                (digests[0].clone(), json!(1)),
                (digests[1].clone(), json!(1)),
                (digests[1].clone(), json!(2)),
                (String::new(), Value::Null),
            ];
            assert_eq!(effects, wanted, "target {number}, seed {seed}");
            server.with(|i| {
                assert_eq!((i.wrong.clone(), i.filters.len()), (vec![], 0), "target {number}, seed {seed}")
            });
        }
    }
}

/// Wishes that come faster than the target answers: the newest wins, and none comes after what is newer.
#[tokio::test(flavor = "multi_thread")]
async fn the_newest_wanted_state_wins_and_nothing_older_comes_after_it() {
    let seed = crash::seed();
    println!("TAMIS_TEST_SEED={seed}");
    let mut random = Random::new(seed);
    let world = World::new().await;
    world.publish("1.0.0").await;
    let server = Server::start(None).await;
    let target = world.target("t", &server).await;
    server.follow((0..4).flat_map(|_| script(&mut random)));
    let mut deployment = String::new();
    for n in 0..12 {
        deployment = world.deploy(&target, "1.0.0", json!({"n": n})).await;
        tokio::time::sleep(Duration::from_millis(random.below(150))).await;
    }
    world.settled(&deployment, "deployed").await;
    let numbers: Vec<_> = server
        .effects()
        .iter()
        .map(|effect| match effect {
            Effect::Applied { config, .. } => config["n"].as_i64().unwrap(),
            Effect::Removed { .. } => -1,
        })
        .collect();
    assert!(numbers.is_sorted() && numbers.last() == Some(&11), "{numbers:?}, seed {seed}");
    world.alice.delete(&format!("{DEPLOYMENTS}/{deployment}")).await.expect(202);
    world.settled(&deployment, "removed").await;
    let done = server.effects().len();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(server.effects().len(), done, "something was sent after all was taken back");
    server.with(|i| assert_eq!((i.wrong.clone(), i.filters.len()), (vec![], 0), "seed {seed}"));
}
