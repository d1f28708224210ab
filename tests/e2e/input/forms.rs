//! Uploads as `multipart/form-data`, well and badly made.
use super::{assert_clear, assert_field, raw, rows, spooled};
use tamis_e2e::{
    app::TestApp,
    client::{Person, Reply},
    fixtures::{distinct, sha256},
};

const BOUNDARY: &str = "----tamis-test-7f3a";
const FORM: &str = "/api/v1/filters/alice/f/releases";

/// Parts as (header lines, body), closed or not.
fn form(parts: &[(&str, &[u8])], closed: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (headers, body) in parts {
        out.extend_from_slice(format!("--{BOUNDARY}\r\n{headers}\r\n\r\n").as_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(b"\r\n");
    }
    if closed {
        out.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    }
    out
}

const VERSION: &str = "Content-Disposition: form-data; name=\"version\"";
const METADATA: &str = "Content-Disposition: form-data; name=\"metadata\"";
/// Head and body of each part of a form.
type Fields<'a> = &'a [(&'a str, &'a [u8])];
const MODULE: &str =
    "Content-Disposition: form-data; name=\"module\"; filename=\"f.wasm\"\r\nContent-Type: application/wasm";

async fn post(who: &Person, media: &str, body: &[u8]) -> Reply {
    raw::request(who, "POST", FORM, &[&format!("Content-Type: {media}")], body).await
}

async fn send(who: &Person, parts: &[(&str, &[u8])]) -> Reply {
    post(who, &format!("multipart/form-data; boundary={BOUNDARY}"), &form(parts, true)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_are_wrong_are_refused_and_leave_nothing() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    let before = rows(&app).await;
    let bytes = distinct("form", 5_000);
    let good: [(&str, &[u8]); 2] = [(VERSION, b"1.0.0"), (MODULE, &bytes)];

    for (media, status, code) in [
        ("multipart/form-data", 400, "invalid"),
        ("multipart/form-data; boundary=", 400, "invalid"),
        ("multipart/form-data; boundary=another", 400, "invalid"),
        ("multipart/mixed; boundary=----tamis-test-7f3a", 415, "unsupported-media-type"),
        ("application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        ("application/wasm", 415, "unsupported-media-type"),
    ] {
        assert_clear(&post(&alice, media, &form(&good, true)).await, status, code, media);
    }
    let long = format!("multipart/form-data; boundary={}", "b".repeat(50_000));
    assert_clear(&post(&alice, &long, &form(&good, true)).await, 400, "invalid", "a long boundary");

    let unknown = "Content-Disposition: form-data; name=\"visibility\"";
    let nameless = "Content-Disposition: form-data";
    let upper = "Content-Disposition: form-data; name=\"MODULE\"; filename=\"f.wasm\"";
    let cases: &[(&str, Fields<'_>, &str)] = &[
        ("no module", &[(VERSION, b"1.0.0")], "module"),
        ("no version", &[(MODULE, &bytes)], "version"),
        ("no part", &[], "body"),
        ("two versions", &[(VERSION, b"1.0.0"), (VERSION, b"2.0.0"), (MODULE, &bytes)], "version"),
        ("two modules", &[(VERSION, b"1.0.0"), (MODULE, &bytes), (MODULE, &bytes)], "module"),
        (
            "two metadata",
            &[(VERSION, b"1.0.0"), (METADATA, b"{}"), (METADATA, b"{}"), (MODULE, &bytes)],
            "metadata",
        ),
        ("an unknown part", &[(VERSION, b"1.0.0"), (unknown, b"public"), (MODULE, &bytes)], "visibility"),
        ("another case", &[(VERSION, b"1.0.0"), (upper, &bytes)], "MODULE"),
        ("an empty module", &[(VERSION, b"1.0.0"), (MODULE, b"")], "module"),
        ("a bad version", &[(VERSION, b"latest"), (MODULE, &bytes)], "version"),
        ("a version that is no text", &[(VERSION, b"1.0.\xff"), (MODULE, &bytes)], "body"),
        ("bad metadata", &[(VERSION, b"1.0.0"), (METADATA, b"{\"x\":1}"), (MODULE, &bytes)], "metadata"),
        ("metadata that is no JSON", &[(VERSION, b"1.0.0"), (METADATA, b"x"), (MODULE, &bytes)], "metadata"),
        (
            "metadata out of range",
            &[(VERSION, b"1.0.0"), (METADATA, b"{\"licence\":\"nope\"}"), (MODULE, &bytes)],
            "licence",
        ),
        ("a huge text", &[(VERSION, &[b'1'; 600_000]), (MODULE, &bytes)], "version"),
    ];
    for (case, parts, field) in cases {
        let reply = send(&alice, parts).await;
        match parts.is_empty() {
            // Nothing but the closing line: told as a form that cannot be read, or as one without parts.
            true => assert_clear(&reply, 400, "invalid", case),
            false => assert_field(&reply, field, case),
        }
    }
    assert_clear(
        &send(&alice, &[(nameless, b"x"), (VERSION, b"1.0.0"), (MODULE, &bytes)]).await,
        400,
        "invalid",
        "a part without a name",
    );
    assert_clear(
        &send(&alice, &vec![(VERSION, b"1.0.0".as_slice()); 10_000]).await,
        400,
        "invalid",
        "10,000 parts",
    );
    let large = format!("{VERSION}\r\nX-Padding: {}", "x".repeat(1024 * 1024));
    assert_clear(
        &send(&alice, &[(&large, b"1.0.0"), (MODULE, &bytes)]).await,
        400,
        "invalid",
        "a header of 1 MB",
    );

    let media = format!("multipart/form-data; boundary={BOUNDARY}");
    let open = form(&good, false);
    for (case, body) in [
        ("no end", open.clone()),
        ("an end in the file", open[..open.len() - 2_000].to_vec()),
        ("an end in a header", open[..60].to_vec()),
        ("nothing at all", vec![]),
        ("no form", bytes.clone()),
    ] {
        assert_clear(&post(&alice, &media, &body).await, 400, "invalid", case);
    }
    let text = format!("Content-Type: {media}\r\nContent-Encoding: gzip");
    let reply = raw::request(&alice, "POST", FORM, &[&text], &form(&good, true)).await;
    assert_clear(&reply, 415, "unsupported-content-encoding", "gzip");
    assert_eq!(rows(&app).await, before);
    assert_eq!(spooled(&app).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unusual_but_correct_forms_are_read_to_the_byte() {
    let app = TestApp::spawn().await;
    let alice = app.author("alice").await;
    // Lines that begin like the boundary, inside the file.
    let almost = format!("\r\n--{}\r\n--{BOUNDARY}x\r\n\r\n--\r\n", &BOUNDARY[..10]);
    let bytes = distinct(&format!("{almost} a salt {BOUNDARY}"), 10);
    let reply = send(&alice, &[(VERSION, b"1.0.0"), (MODULE, &bytes)]).await;
    match reply.status {
        201 => assert_eq!(reply.json()["digest"], format!("sha256:{}", sha256(&bytes))),
        // RFC 2046 leaves `boundary + x` at the start of a line to the reader: a refusal is
        // fine, other bytes are not.
        _ => assert_clear(&reply, 400, "invalid", "a boundary in the data"),
    }
    let starred = "Content-Disposition: form-data; name=\"module\"; filename*=UTF-8''..%2f..%2fetc%2fpasswd; filename=\"../../x\"";
    for (i, (version, module)) in [
        (VERSION, starred),
        ("content-disposition: form-data; name=version", "CONTENT-DISPOSITION: form-data; name=module"),
        (VERSION, "Content-Type: text/html\r\nContent-Disposition: form-data; name=\"module\"; filename=\"<img src=x>.wasm\""),
    ]
    .into_iter()
    .enumerate()
    {
        let bytes = distinct(&format!("unusual {i}"), 100_000);
        let number = format!("2.0.{i}");
        let reply = send(&alice, &[(module, &bytes), (version, number.as_bytes())]).await.expect(201).json();
        assert_eq!(reply["digest"], format!("sha256:{}", sha256(&bytes)));
    }
    assert_eq!(spooled(&app).await, 0);
    app.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_has_the_same_limit_as_a_plain_upload() {
    let app = TestApp::spawn_with(&["--max-module-bytes", "200000"]).await;
    let alice = app.author("alice").await;
    let sized = |n: usize| {
        let over = distinct("limit", 100_000).len() - 100_000;
        distinct("limit", n - over)
    };
    for (version, size, status) in [("1.0.0", 199_999, 201), ("1.0.1", 200_000, 201), ("1.0.2", 200_001, 413)]
    {
        let bytes = sized(size);
        assert_eq!(bytes.len(), size);
        let reply = send(&alice, &[(VERSION, version.as_bytes()), (MODULE, &bytes)]).await;
        assert_eq!(reply.status, status, "{size}: {}", reply.text());
    }
    assert_eq!(spooled(&app).await, 0);
}
