//! What it costs to know who is asking: one statement, whatever they came with.
use tamis_e2e::{client::Person, crash::instance::Instance, statements::about_people};
use tamis_entities::value::Role;

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_checked_by_one_statement() {
    let mut instance = Instance::new().await;
    instance.set("TAMIS_LOG", "info,sqlx::query=trace");
    let by_token = instance.user("alice", Role::User).await;
    let server = instance.start(&[]).await;
    let link = instance.ok(&["user", "link", "alice", "--public-url", &server.base]).await;
    let http = tamis_e2e::client::http().cookie_store(true).build().unwrap();
    let by_session = Person { token: None, http, ..by_token.clone() };
    let path = link.trim().strip_prefix(&server.base).unwrap();
    let request = by_session.request(reqwest::Method::POST, path).header("sec-fetch-site", "same-origin");
    by_session.send(request).await;
    for person in [&by_token, &by_session] {
        person.get("/api/v1/me").await.expect(200);
        let before = server.log().len();
        let me = person.get("/api/v1/me").await.expect(200).json();
        assert_eq!(me["handle"], "alice");
        let asked = about_people(&server.log()[before..]);
        assert_eq!(asked.len(), 1, "{asked:#?}");
    }
}
