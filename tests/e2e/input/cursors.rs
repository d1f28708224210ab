//! Cursors: opaque, signed, and good for one list of one caller alone.
use super::{assert_clear, assert_field, raw::encode};
use serde_json::json;
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::distinct,
};
use tamis_entities::value::Role;

async fn page(who: &Person, list: &str, after: &str) -> Reply {
    let join = if list.contains('?') { '&' } else { '?' };
    who.get(&format!("{list}{join}limit=1&after={}", encode(after))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_was_changed_or_made_elsewhere_is_refused() {
    let app = TestApp::spawn().await;
    let (alice, bob, carl) =
        (app.author("alice").await, app.author("bob").await, app.user("carl", Role::Admin).await);
    for i in 0..3 {
        app.publish(&alice, &carl, &format!("alice/guard-{i}x"), "1.0.0", &distinct(&format!("c{i}"), 10))
            .await;
        alice.upload("alice/many", &format!("1.0.{i}"), distinct(&format!("m{i}"), 10)).await.expect(201);
        alice.submit("alice/many", &format!("1.0.{i}"), "publish").await.expect(201);
    }
    app.drain_jobs().await;
    alice.put("/api/v1/filters/alice/many", &json!({"visibility": "public"})).await.expect(200);
    // Each list with another list, sort, filter or query that its cursor must not open.
    let lists = [
        ("/api/v1/filters", "/api/v1/filters?sort=updated"),
        ("/api/v1/filters?sort=updated", "/api/v1/filters?namespace=alice&sort=updated"),
        ("/api/v1/filters?q=guard", "/api/v1/filters?q=guards"),
        ("/api/v1/catalog", "/api/v1/catalog?sort=name"),
        ("/api/v1/catalog?sort=name", "/api/v1/catalog?sort=name&type=http"),
        ("/api/v1/catalog?q=guard", "/api/v1/filters?q=guard"),
        ("/api/v1/reviews", "/api/v1/reviews?state=published"),
        ("/api/v1/filters/alice/many/releases", "/api/v1/filters/alice/guard-0x/releases"),
        ("/api/v1/audit", "/api/v1/reviews"),
    ];
    let mut cursors = vec![];
    for (list, other) in lists {
        let join = if list.contains('?') { '&' } else { '?' };
        let first = carl.get(&format!("{list}{join}limit=1")).await.expect(200).json();
        let next = first["next"].as_str().unwrap_or_else(|| panic!("{list} has one page")).to_owned();
        let second = page(&carl, list, &next).await.expect(200).json();
        assert_ne!(first["items"], second["items"], "{list}");
        assert_field(&page(&carl, other, &next).await, "after", &format!("{list} in {other}"));
        // What is published has one list for all; any other list is its reader's.
        if !list.starts_with("/api/v1/catalog") && list != "/api/v1/audit" {
            assert_field(&page(&bob, list, &next).await, "after", &format!("another's, {list}"));
        }
        cursors.push((list, next));
    }
    for (list, cursor) in &cursors {
        for (other, _) in cursors.iter().filter(|(other, _)| other != list) {
            assert_field(&page(&carl, other, cursor).await, "after", &format!("{list} in {other}"));
        }
    }
    let (list, cursor) = &cursors[0];
    for at in 0..cursor.len() {
        for with in [b'A', b'_', b'9', b'=', b'%', b'\n'] {
            let mut bytes = cursor.clone().into_bytes();
            if bytes[at] != with {
                bytes[at] = with;
                let text = String::from_utf8(bytes).unwrap();
                assert_field(&page(&carl, list, &text).await, "after", &format!("byte {at}"));
            }
        }
    }
    let long = cursor.repeat(500);
    for wrong in [
        &cursor[1..],
        &cursor[..cursor.len() - 1],
        &cursor[..22],
        "A",
        "AAAA",
        "e30",
        "null",
        "0",
        "-1",
        "' OR 1=1",
        &long,
        &format!("{cursor}A"),
        &format!("{cursor}="),
        &format!(" {cursor}"),
    ] {
        let reply = page(&carl, list, wrong).await;
        assert_clear(&reply, 400, "invalid", &wrong[..wrong.len().min(50)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_goes_on_after_what_it_named_was_deleted_or_became_invisible() {
    let app = TestApp::spawn().await;
    let (alice, bob) = (app.author("alice").await, app.author("bob").await);
    for name in ["a", "b", "c", "d"] {
        alice
            .put(&format!("/api/v1/filters/alice/{name}"), &json!({"visibility": "public"}))
            .await
            .expect(201);
    }
    let first = bob.get("/api/v1/filters?limit=2").await.expect(200).json();
    let next = first["next"].as_str().unwrap();
    alice.delete("/api/v1/filters/alice/b").await.expect(204);
    alice.put("/api/v1/filters/alice/c", &json!({"visibility": "private"})).await.expect(200);
    let rest = bob.get(&format!("/api/v1/filters?after={}", encode(next))).await.expect(200).json();
    let names: Vec<_> = rest["items"].as_array().unwrap().iter().map(|i| i["name"].clone()).collect();
    assert_eq!(names, [json!("d")]);
}
