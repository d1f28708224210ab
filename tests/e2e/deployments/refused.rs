//! No URL of a target leads into a network that the operator did not open: counted by a listener.
use super::{DEPLOYMENTS, QUICK, TARGETS, World, id, wanted};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tamis_e2e::{app::TestApp, crash::eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// Counts connections, and answers each with these bytes.
async fn listener(place: &str, answer: String) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(place).await.unwrap();
    let (port, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, SeqCst);
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, count)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_url_of_a_target_leads_into_the_operators_network() {
    let app = TestApp::spawn_with(&QUICK[2..]).await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    let world = World { app, alice, carl };
    world.publish("1.0.0").await;
    let (port, connections) =
        listener("127.0.0.1:0", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".into()).await;
    let hosts = [
        "127.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "[::]",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "127.0.0.1.",
        "①②⑦.0.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00::1]",
        "10.0.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "user@127.0.0.1",
        "127.0.0.1\\@example.org",
        "127.0.0.1%00.example.org",
        "ip6-localhost",
    ];
    let (mut taken, mut targets) = (0, vec![]);
    for (number, host) in hosts.iter().enumerate() {
        for (scheme, kind) in
            [("https", "meshery"), ("https", "webhook"), ("http", "meshery"), ("gopher", "webhook")]
        {
            let url = format!("{scheme}://{host}:{port}/");
            let body = json!({"namespace": "alice", "name": format!("{scheme}-{kind}-{number}"), "kind": kind, "url": url});
            let made = world.alice.post(TARGETS, &body).await;
            if made.status == 201 {
                taken += 1;
                targets.push(id(&made.json()));
                continue;
            }
            let refused = made.expect_problem(400, "invalid").json();
            assert_eq!(refused["errors"][0]["field"], "url", "{url}");
        }
    }
    for target in &targets {
        let met = world.alice.post(&format!("{TARGETS}/{target}/probe"), &json!({})).await.expect(200).json();
        assert_eq!((&met["ready"], &met["reachable"]), (&json!(false), &json!(false)), "{met}");
    }
    let all: Vec<_> = targets.iter().map(String::as_str).collect();
    world.alice.post(DEPLOYMENTS, &wanted(&all, "1.0.0", json!({}))).await.expect(202);
    let tried = eventually(Duration::from_secs(20), async || {
        let page = world.alice.get(&format!("{DEPLOYMENTS}?limit=100")).await.expect(200).json();
        page["items"].as_array().unwrap().iter().all(|d| d["last_error"].is_string())
    });
    assert!(tried.await);
    println!("{taken} of {} URLs were taken, and led nowhere", hosts.len() * 4);
    assert_eq!(connections.load(SeqCst), 0);
    for target in &targets {
        world.alice.delete(&format!("{TARGETS}/{target}?abandon=true")).await.expect(204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_of_a_target_is_followed() {
    let world = World::new().await;
    world.publish("1.0.0").await;
    let (inside, reached) =
        listener("127.0.0.2:0", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".into()).await;
    for (number, status) in [301, 302, 303, 307, 308].into_iter().enumerate() {
        let answer = format!(
            "HTTP/1.1 {status} X\r\nLocation: http://127.0.0.2:{inside}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let (port, asked) = listener("127.0.0.1:0", answer).await;
        let url = format!("http://127.0.0.1:{port}/");
        for kind in ["meshery", "webhook"] {
            let body =
                json!({"namespace": "alice", "name": format!("{kind}-{number}"), "kind": kind, "url": url});
            let target = id(&world.alice.post(TARGETS, &body).await.expect(201).json());
            let deployment = world.deploy(&target, "1.0.0", json!({})).await;
            let tried = eventually(Duration::from_secs(10), async || {
                world.get(&deployment).await["last_error"].is_string()
            });
            assert!(tried.await && asked.load(SeqCst) > 0);
            let words = world.get(&deployment).await["last_error"].as_str().unwrap().to_owned();
            // A receiver of messages has no page to sign in at.
            let why = if kind == "meshery" { "login page" } else { "redirect was not followed" };
            assert!(words.contains(why), "{words}");
            world.alice.delete(&format!("{TARGETS}/{target}?abandon=true")).await.expect(204);
        }
    }
    assert_eq!(reached.load(SeqCst), 0);
}
