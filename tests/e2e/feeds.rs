//! Atom feeds: what was published, for everyone, in a form that readers take.
use quick_xml::{Reader, events::Event};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;
use tamis_e2e::{app::TestApp, client::Person, fixtures::distinct};

/// Elements of a feed or of an entry: name and text, of links the relation and the address.
type Elements = BTreeMap<String, Vec<String>>;

/// The feed and its entries, from a document that is well-formed.
fn parse(xml: &str) -> (Elements, Vec<Elements>) {
    let mut reader = Reader::from_str(xml);
    let (mut feed, mut entries) = (Elements::new(), vec![]);
    let mut path: Vec<String> = vec![];
    let mut text = String::new();
    let name = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    loop {
        let event = reader.read_event().expect("well-formed");
        let into =
            |entries: &mut Vec<Elements>, feed: &mut Elements, inside: bool, key: String, value: String| {
                let place = if inside { entries.last_mut().unwrap() } else { feed };
                place.entry(key).or_default().push(value);
            };
        match event {
            Event::Start(tag) => {
                path.push(name(tag.name().as_ref()));
                if path.len() == 1 {
                    let space = tag.try_get_attribute("xmlns").unwrap().unwrap();
                    assert_eq!(&*space.value, b"http://www.w3.org/2005/Atom");
                }
                if path == ["feed", "entry"] {
                    entries.push(Elements::new());
                }
                text.clear();
            }
            Event::Empty(tag) => {
                assert_eq!(tag.name().as_ref(), b"link");
                let attribute = |of: &str| name(&tag.try_get_attribute(of).unwrap().unwrap().value);
                let inside = path.len() > 1;
                into(&mut entries, &mut feed, inside, attribute("rel"), attribute("href"));
            }
            Event::Text(piece) => text.push_str(&piece.decode().unwrap()),
            Event::GeneralRef(reference) => {
                let escaped = format!("&{};", reference.decode().unwrap());
                text.push_str(&quick_xml::escape::unescape(&escaped).unwrap());
            }
            Event::End(_) => {
                let key = path.pop().unwrap();
                let inside = path.iter().any(|p| p == "entry");
                if key != "entry" && key != "feed" && key != "author" {
                    into(&mut entries, &mut feed, inside, key, std::mem::take(&mut text));
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(path.is_empty());
    (feed, entries)
}

async fn feed(who: &Person, path: &str) -> (Elements, Vec<Elements>) {
    let reply = who.get(path).await.expect(200);
    assert_eq!(reply.header("content-type"), "application/atom+xml; charset=utf-8");
    let (feed, entries) = parse(&reply.text());
    for elements in [vec![&feed], entries.iter().collect()].concat() {
        for key in ["id", "title", "updated", "name"] {
            assert_eq!(elements.get(key).map(Vec::len), Some(1), "{key} in {elements:?}");
        }
        chrono_like(&elements["updated"][0]);
    }
    (feed, entries)
}

/// RFC 3339, as RFC 4287 asks.
fn chrono_like(time: &str) {
    let read: Result<tamis_entities::value::Timestamp, _> = serde_json::from_value(json!(time));
    assert!(read.is_ok(), "{time}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_tells_of_what_is_published_and_of_nothing_else() {
    let app = TestApp::spawn().await;
    let (alice, bob, carl) = (app.author("alice").await, app.author("bob").await, app.curator("carl").await);
    let nobody = app.anonymous();
    let (empty, none) = feed(&nobody, "/feed.atom").await;
    assert!(none.is_empty());
    assert_eq!(empty["self"], [format!("{}/feed.atom", app.base)]);
    nobody.get("/filters/alice/feed.atom").await.expect(404);

    let odd = "<b>&\"'\u{1F980} ]]> \u{e9}";
    alice.put("/api/v1/filters/alice/f", &json!({"summary": odd})).await.expect(201);
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("one", 10)).await;
    app.publish(&alice, &carl, "alice/f", "2.0.0", &distinct("two", 10)).await;
    app.publish(&bob, &carl, "bob/g", "1.0.0", &distinct("three", 10)).await;
    bob.upload("bob/secret", "1.0.0", distinct("draft", 10)).await.expect(201);
    let (all, entries) = feed(&nobody, "/feed.atom").await;
    let titles: Vec<_> = entries.iter().map(|e| e["title"][0].as_str()).collect();
    assert_eq!(titles, ["bob/g 1.0.0", "alice/f 2.0.0", "alice/f 1.0.0"]);
    assert_eq!(all["updated"], entries[0]["updated"]);
    assert_eq!(entries[1]["summary"], [odd]);
    let ids: std::collections::BTreeSet<_> = entries.iter().map(|e| &e["id"][0]).collect();
    assert_eq!(ids.len(), 3);
    for entry in &entries {
        let bytes = nobody.get(entry["enclosure"][0].strip_prefix(&app.base).unwrap()).await.expect(200);
        assert!(!bytes.body.is_empty());
        nobody.get(entry["alternate"][0].strip_prefix(&app.base).unwrap()).await.expect(200);
    }
    let (_, of_alice) = feed(&nobody, "/filters/alice/feed.atom").await;
    assert_eq!(of_alice.len(), 2);

    alice.post("/api/v1/filters/alice/f/releases/2.0.0/yank", &json!({})).await.expect(200);
    carl.post("/api/v1/filters/bob/g/releases/1.0.0/quarantine", &json!({"reason": "r"})).await.expect(200);
    let (_, left) = feed(&alice, "/feed.atom").await;
    assert_eq!(left.len(), 1);
    nobody.get("/filters/bob/feed.atom").await.expect(404);
    bob.get("/filters/bob/feed.atom").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_the_feed_is_told_so() {
    let app = TestApp::spawn().await;
    let (alice, carl, nobody) = (app.author("alice").await, app.curator("carl").await, app.anonymous());
    app.publish(&alice, &carl, "alice/f", "1.0.0", &distinct("etag", 10)).await;
    for path in ["/feed.atom", "/filters/alice/feed.atom"] {
        let etag = nobody.get(path).await.expect(200).header("etag").to_owned();
        let again = async || {
            let request = nobody.request(Method::GET, path).header("if-none-match", &etag);
            nobody.send(request).await
        };
        assert!(again().await.expect(304).body.is_empty());
        app.publish(
            &alice,
            &carl,
            "alice/f",
            if path.len() > 12 { "3.0.0" } else { "2.0.0" },
            &distinct(path, 10),
        )
        .await;
        assert_ne!(again().await.expect(200).header("etag"), etag);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_filter_takes_the_place_of_a_feed() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let refused = alice.put("/api/v1/filters/alice/feed.atom", &serde_json::json!({})).await;
    assert!(refused.expect_problem(400, "invalid").text().contains("feed of a namespace"));
}
