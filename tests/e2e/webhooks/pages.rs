//! Webhooks on their pages: made, tried, switched, rotated and deleted by forms; the secret is seen once.
use super::{Receiver, app, messages};
use crate::console::{
    admin::{page, path_after, send},
    pages::{assert_tight, look, signed_in},
};

const HERE: &str = "/namespaces/alice/webhooks";

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_made_tried_and_ended_on_its_pages() {
    let app = app().await;
    app.author("alice").await;
    app.author("mel").await;
    let (alice, mel) = (signed_in(&app, "alice").await, signed_in(&app, "mel").await);
    let receiver = Receiver::start([500]).await;
    assert!(page(&alice, "/my").await.contains(&format!("href=\"{HERE}\"")));
    assert!(page(&alice, HERE).await.contains("Nowhere yet"));
    look(&mel, HERE).await.expect(404);
    let refused = [("url", "http://192.0.2.1/x"), ("release.yank", "on")];
    let refused = send(&alice, HERE, HERE, &refused).await.expect(400);
    assert_tight(&refused);
    let html = refused.text();
    assert!(html.contains("an https URL") && html.contains("http://192.0.2.1/x"), "{html}");
    assert!(html.contains("name=\"release.yank\" value=\"on\" checked"), "{html}");

    let made = send(&alice, HERE, HERE, &[("url", &receiver.url), ("release.yank", "on")]).await.expect(201);
    assert_tight(&made);
    let html = made.text();
    let secret = format!("whsec_{}", html.split("whsec_").nth(1).unwrap().split('<').next().unwrap());
    let one = format!("{HERE}/{}", path_after(&page(&alice, HERE).await, &format!("{HERE}/")));
    let shown = page(&alice, &one).await;
    assert!(
        !shown.contains("whsec_") && shown.contains("release.yank") && shown.contains("None yet"),
        "{shown}"
    );
    look(&mel, &one).await.expect(404);
    send(&mel, "/my", &one, &[("act", "ping")]).await.expect(404);

    let act = async |act: &str, status: u16| send(&alice, &one, &one, &[("act", act)]).await.expect(status);
    act("ping", 303).await;
    let came = messages(&app, &receiver, 1).await;
    assert!(came[0].is_signed_with(&secret));
    app.drain_jobs().await;
    let html = page(&alice, &one).await;
    assert!(html.contains("500") && html.contains("ping"), "what was answered: {html}");
    app.clock.advance(std::time::Duration::from_secs(3600));
    let alice = signed_in(&app, "alice").await;
    messages(&app, &receiver, 2).await;
    app.drain_jobs().await;
    let html = page(&alice, &one).await;
    assert!(html.contains("Delivered") && html.contains("after 2 attempts"), "{html}");
    let delivery = path_after(&html, &format!("{one}/deliveries/")).to_owned();
    send(&alice, &one, &format!("{one}/deliveries/{delivery}/redelivery"), &[]).await.expect(303);
    assert_eq!(messages(&app, &receiver, 3).await[2].id(), came[0].id(), "the same message");

    let act = async |act: &str, status: u16| send(&alice, &one, &one, &[("act", act)]).await.expect(status);
    let rotated = act("rotate", 200).await.text();
    assert!(rotated.contains("whsec_") && !rotated.contains(&secret));
    assert!(page(&alice, &one).await.contains("The former secret is good for"));
    act("switch-off", 303).await;
    assert!(page(&alice, &one).await.contains("Nothing is sent there."));
    act("switch-on", 303).await;
    act("something", 400).await;
    assert!(page(&alice, &format!("{one}?ask=delete")).await.contains("Delete this webhook?"));
    assert_eq!(act("delete", 303).await.header("location"), HERE);
    look(&alice, &one).await.expect(404);
}
