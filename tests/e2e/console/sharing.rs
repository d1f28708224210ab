//! Teams, robots and access to filters over plain HTTP: what their pages say and do, and who is refused.
use super::{
    admin::{page, path_after, send},
    pages::{assert_tight, look, signed_in},
};
use tamis_e2e::{app::TestApp, client::Person, fixtures::distinct};

#[tokio::test(flavor = "multi_thread")]
async fn a_team_is_made_joined_changed_and_keeps_its_last_owner() {
    let app = TestApp::spawn().await;
    for name in ["olga", "bea", "otto"] {
        app.author(name).await;
    }
    let (olga, bea, otto) =
        (signed_in(&app, "olga").await, signed_in(&app, "bea").await, signed_in(&app, "otto").await);
    assert!(page(&olga, "/teams").await.contains("You are in no team yet"));
    let made =
        send(&olga, "/teams", "/teams", &[("handle", "acme"), ("title", "Acme <i>")]).await.expect(303);
    assert_eq!(made.header("location"), "/teams/acme");
    // PostgreSQL keeps no NUL in a text.
    let nul = [("handle", "nul"), ("title", "a\0b")];
    send(&olga, "/teams", "/teams", &nul).await.expect(400);
    let html = page(&olga, "/teams/acme").await;
    assert!(html.contains("Acme &#60;i&#62;") && html.contains("The only owner."), "{html}");
    look(&otto, "/teams/acme").await.expect(404);
    let invite = [("name", "bea"), ("role", "member")];
    send(&olga, "/teams/acme", "/teams/acme/invitations", &invite).await.expect(303);
    let offered = page(&bea, "/teams").await;
    assert!(offered.contains("olga invites you to acme"), "{offered}");
    let id = path_after(&offered, "/my/invitations/").to_owned();
    send(&otto, "/teams", &format!("/my/invitations/{id}/accept"), &[]).await.expect(404);
    let joined = send(&bea, "/teams", &format!("/my/invitations/{id}/accept"), &[]).await.expect(303);
    assert_eq!(joined.header("location"), "/teams/acme");
    let html = page(&bea, "/teams/acme").await;
    assert!(
        html.contains("Leave acme") && !html.contains("Invite somebody") && !html.contains("Make a robot"),
        "{html}"
    );
    send(&bea, "/teams/acme", "/teams/acme/members/bea", &[("role", "owner")]).await.expect(403);
    let alone =
        send(&olga, "/teams/acme", "/teams/acme/members/olga", &[("role", "member")]).await.expect(409);
    assert_tight(&alone);
    assert!(alone.text().contains("a team keeps at least one owner"), "{}", alone.text());
    send(&olga, "/teams/acme", "/teams/acme/members/bea", &[("role", "owner")]).await.expect(303);
    let left = send(&olga, "/teams/acme", "/teams/acme/members/olga/removal", &[]).await.expect(303);
    assert_eq!(left.header("location"), "/teams");
    look(&olga, "/teams/acme").await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_robot_is_made_on_its_teams_page_and_its_token_uploads_and_ends() {
    let app = TestApp::spawn().await;
    for name in ["olga", "mel"] {
        app.author(name).await;
    }
    let (olga, mel) = (signed_in(&app, "olga").await, signed_in(&app, "mel").await);
    send(&olga, "/teams", "/teams", &[("handle", "acme"), ("title", "")]).await.expect(303);
    let bot = [("name", "acme-ci"), ("role", "maintainer")];
    let made = send(&olga, "/teams/acme", "/teams/acme/robots", &bot).await.expect(303);
    let here = "/teams/acme/robots/acme-ci";
    assert_eq!(made.header("location"), here);
    look(&mel, here).await.expect(404);
    let html = page(&olga, here).await;
    assert!(
        html.contains("None yet: without one it can do nothing") && !html.contains("teams:write"),
        "{html}"
    );
    let fields = [("name", "pipeline"), ("filters:read", "on"), ("releases:stage", "on"), ("days", "30")];
    let html = send(&olga, here, &format!("{here}/tokens"), &fields).await.expect(201).text();
    let secret = format!("tms_{}", path_after(&html, "<code>tms_").split('<').next().unwrap());
    let robot = Person { token: Some(secret), ..app.anonymous() };
    robot.upload("acme/guard", "1.0.0", distinct("guard", 10)).await.expect(201);
    let listed = page(&olga, "/teams/acme").await;
    assert!(listed.contains("acme-ci") && listed.contains("1 person, 1 robot"), "{listed}");
    let id = path_after(&page(&olga, here).await, "?ask=token-").to_owned();
    send(&olga, here, &format!("{here}/tokens/{id}/revocation"), &[]).await.expect(303);
    robot.get("/api/v1/me").await.expect_problem(401, "unauthenticated");
    send(&olga, here, &format!("{here}/removal"), &[]).await.expect(303);
    look(&olga, here).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_manages_a_filter_sees_who_sees_it_and_gives_takes_shows_and_offers_it() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    for name in ["bea", "otto"] {
        app.author(name).await;
    }
    alice.upload("alice/guard", "1.0.0", distinct("guard", 10)).await.expect(201);
    let (alice, bea, otto) =
        (signed_in(&app, "alice").await, signed_in(&app, "bea").await, signed_in(&app, "otto").await);
    let here = "/filters/alice/guard/access";
    look(&bea, here).await.expect(404);
    let give = |until: &'static str| [("kind", "user"), ("name", "bea"), ("level", "read"), ("until", until)];
    for (fields, said) in [
        (give("2001-01-01"), "in the future"),
        (give("soon"), "a day such as"),
        ([("kind", "team"), ("name", "bea"), ("level", "read"), ("until", "")], "there is no team"),
    ] {
        let refused = send(&alice, here, &format!("{here}/grants"), &fields).await.expect(400);
        assert!(refused.text().contains(said), "{said}: {}", refused.text());
    }
    send(&alice, here, &format!("{here}/grants"), &give("2100-06-30")).await.expect(303);
    let html = page(&alice, here).await;
    assert!(
        html.contains("2100-06-30")
            && html.contains("Grant to read")
            && html.contains("owner of the namespace"),
        "{html}"
    );
    look(&bea, "/filters/alice/guard").await.expect(200);
    look(&bea, here).await.expect(403);
    send(&alice, here, &format!("{here}/grants/removal"), &[("subject", "user:bea")]).await.expect(303);
    look(&bea, "/filters/alice/guard").await.expect(404);
    send(&alice, here, &format!("{here}/visibility"), &[("visibility", "public")]).await.expect(303);
    look(&bea, "/filters/alice/guard").await.expect(200);
    assert!(page(&alice, here).await.contains("Its visibility is public"));
    send(&alice, here, &format!("{here}/transfer"), &[("to", "bea")]).await.expect(303);
    assert!(page(&alice, here).await.contains("Offered to bea by alice"));
    send(&alice, here, &format!("{here}/transfer/withdrawal"), &[]).await.expect(303);
    send(&alice, here, &format!("{here}/transfer"), &[("to", "bea")]).await.expect(303);
    let offered = page(&bea, "/teams").await;
    assert!(offered.contains("alice offers alice/guard"), "{offered}");
    let id = path_after(&offered, "/my/transfers/").to_owned();
    send(&otto, "/teams", &format!("/my/transfers/{id}/decline"), &[]).await.expect(404);
    let taken = send(&bea, "/teams", &format!("/my/transfers/{id}/accept"), &[]).await.expect(303);
    assert_eq!(taken.header("location"), "/filters/bea/guard");
    // The old address leads to the page, which is not theirs any more.
    look(&alice, here).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_manages_a_private_filter_makes_a_url_for_proxies_renews_and_revokes_it() {
    let app = TestApp::spawn().await;
    let (author, nobody) = (app.author("alice").await, app.anonymous());
    app.author("bea").await;
    let bytes = distinct("for proxies", 10);
    author.upload("alice/guard", "1.0.0-rc.1", bytes.clone()).await.expect(201);
    let http = serde_json::json!({"type": "http"});
    author.patch("/api/v1/filters/alice/guard/releases/1.0.0-rc.1", &http).await.expect(200);
    let read = serde_json::json!({"level": "read"});
    author.put("/api/v1/filters/alice/guard/grants/user:bea", &read).await.expect(200);
    let (alice, bea) = (signed_in(&app, "alice").await, signed_in(&app, "bea").await);
    let (here, access) = ("/filters/alice/guard?use=envoy", "/filters/alice/guard/access");
    let (hers, theirs) = (page(&alice, here).await, page(&bea, here).await);
    assert!(hers.contains("value=\"proxies-1-0-0-rc-1\"") && !hers.contains("capability_url"), "{hers}");
    assert!(theirs.contains("An owner or maintainer of alice can make") && !theirs.contains("proxies-1"));
    let urls = format!("{access}/capability-urls");
    let fields = [("name", "edge"), ("version", "1.0.0-rc.1")];
    send(&bea, here, &urls, &fields).await.expect(403);
    let made = send(&alice, here, &urls, &fields).await.expect(303);
    assert_eq!(made.header("location"), "/filters/alice/guard?version=1.0.0-rc.1#use");
    let html = page(&alice, here).await;
    let secret = format!("/modules/private/{}", html.split("/modules/private/").nth(1).unwrap());
    let secret = secret.split(".wasm").next().unwrap().to_owned() + ".wasm";
    assert_eq!(nobody.get(&secret).await.expect(200).body, bytes);
    assert!(!page(&bea, here).await.contains("/modules/private/"), "a reader makes none and sees none");
    let listed = page(&alice, access).await;
    assert!(listed.contains("<b>edge</b>") && !listed.contains("/modules/private/"), "{listed}");
    let one = format!("{urls}/{}", path_after(&listed, "/access/capability-urls/"));
    app.clock.advance(std::time::Duration::from_secs(30 * 24 * 3600));
    let alice = signed_in(&app, "alice").await;
    let until = |html: &str| {
        html.split("<b>edge</b>").nth(1).unwrap().split("<td>20").nth(1).unwrap()[..8].to_owned()
    };
    let before = until(&listed);
    send(&alice, access, &one, &[("act", "renew")]).await.expect(303);
    assert_ne!(until(&page(&alice, access).await), before, "it ends later");
    send(&alice, access, &one, &[("act", "lend")]).await.expect(400);
    send(&alice, access, &one, &[("act", "revoke")]).await.expect(303);
    nobody.get(&secret).await.expect(404);
    assert!(!page(&alice, access).await.contains("<b>edge</b>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_filter_says_what_each_of_its_digests_is_for() {
    let app = TestApp::spawn().await;
    let (alice, carl) = (app.author("alice").await, app.curator("carl").await);
    app.publish(&alice, &carl, "alice/guard", "1.0.0", &distinct("digests", 10)).await;
    let path = "/api/v1/filters/alice/guard/releases/1.0.0";
    let forms = alice.get(path).await.expect(200).json()["forms"].as_array().unwrap().clone();
    let html = page(&signed_in(&app, "alice").await, "/filters/alice/guard").await;
    for (kind, purpose) in [
        ("raw", "Envoy remote, HTTP"),
        ("oci-compat", "Istio and Envoy Gateway over oci://"),
        ("oci-wasm", "wasm tools, such as wkg"),
    ] {
        let form = forms.iter().find(|f| f["kind"] == kind).unwrap();
        let copied = format!("data-copy=\"{}\"", form["digest"].as_str().unwrap());
        assert!(html.contains(purpose) && html.contains(&copied), "{kind}: {html}");
    }
    assert!(!html.contains("Solo"));
    alice.send(alice.request(reqwest::Method::PUT, &format!("{path}/forms/oci-solo"))).await.expect(201);
    assert!(page(&signed_in(&app, "alice").await, "/filters/alice/guard").await.contains("Solo manifest"));
}
