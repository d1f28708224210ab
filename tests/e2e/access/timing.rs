//! How long an answer takes tells no more than what it says: a private thing and an absent one
//! are asked for in turn, and the times are compared.
use super::{
    oracle::{Principal, Stage},
    world::World,
};
use reqwest::Method;
use std::time::{Duration, Instant};
use tamis_e2e::{client::Person, crash::count};

/// Seconds of one request; its answer must be the 404 of everything absent.
async fn time(who: &Person, method: &Method, path: &str) -> f64 {
    let request = who.request(method.clone(), path);
    let since = Instant::now();
    let reply = request.send().await.unwrap();
    let (status, _) = (reply.status().as_u16(), reply.bytes().await.unwrap());
    let elapsed = since.elapsed();
    assert_eq!(status, 404, "{path}");
    elapsed.as_secs_f64()
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// The median of the differences of neighbours, and how far the single times spread.
fn compare(pairs: &[(f64, f64)]) -> (f64, f64) {
    let mut differences: Vec<f64> = pairs.iter().map(|(there, absent)| there - absent).collect();
    let mut all: Vec<f64> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    differences.sort_by(f64::total_cmp);
    all.sort_by(f64::total_cmp);
    (quantile(&differences, 0.5), quantile(&all, 0.75) - quantile(&all, 0.25))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_thing_takes_as_long_as_an_absent_one() {
    let world = World::build(Stage::PrivateDraft).await;
    let otto = world.person("otto");
    let target = world.target(Principal::ReviewingCurator);
    let ask = serde_json::json!({"name": "of olga", "scopes": ["filters:read"]});
    let token = world.person("olga").post("/api/v1/tokens", &ask).await.expect(201).json();
    let token = token["id"].as_str().unwrap();
    let nothing = uuid::Uuid::now_v7().to_string();
    let filter = |name: &str| format!("/api/v1/filters/acme/{name}");
    let of = |prefix: &str, id: &str, suffix: &str| format!("/api/v1/{prefix}/{id}{suffix}");
    let module = |hex: &str| format!("/modules/sha256/{hex}.wasm");
    let manifest = |name: &str, tag: &str| format!("/v2/acme/{name}/manifests/{tag}");
    let blob = |name: &str, hex: &str| format!("/v2/acme/{name}/blobs/sha256:{hex}");
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let ways = [
        (&get, filter("reviewed"), filter("missing1")),
        (
            &get,
            format!("{}/releases/1.0.0", filter("reviewed")),
            format!("{}/releases/1.0.0", filter("missing1")),
        ),
        (&get, module(&target.sha256), module(&"0".repeat(64))),
        (&get, manifest("reviewed", "1.0.0"), manifest("missing1", "1.0.0")),
        (&get, blob("reviewed", &target.sha256), blob("missing1", &target.sha256)),
        (&get, of("reviews", &target.review, ""), of("reviews", &nothing, "")),
        (&get, of("teams", "acme", ""), of("teams", "none", "")),
        (&delete, filter("reviewed"), filter("missing1")),
        (&delete, of("tokens", token, ""), of("tokens", &nothing, "")),
        (
            &post,
            of("me/invitations", &target.invitation, "/accept"),
            of("me/invitations", &nothing, "/accept"),
        ),
        (&post, of("me/transfers", &target.transfer, "/accept"), of("me/transfers", &nothing, "/accept")),
    ];
    let rounds = count(200, 2000) as usize;
    for (method, there, absent) in &ways {
        let mut pairs = Vec::with_capacity(rounds);
        for round in 0..rounds {
            // Now the one first, now the other: what the first warms up does not count for one side.
            pairs.push(match round % 2 {
                0 => {
                    let there = time(otto, method, there).await;
                    (there, time(otto, method, absent).await)
                }
                _ => {
                    let absent = time(otto, method, absent).await;
                    (time(otto, method, there).await, absent)
                }
            });
        }
        let (difference, spread) = compare(&pairs);
        println!(
            "{method} {there}: {rounds} pairs, median difference {:+.3} ms, interquartile range {:.3} ms",
            difference * 1000.0,
            spread * 1000.0
        );
        // A query more or less is within it; reading and hashing a module would not be.
        let bound = spread.max(Duration::from_millis(2).as_secs_f64());
        assert!(difference.abs() <= bound, "{method} {there} can be told by the clock: {difference} s");
    }
}
