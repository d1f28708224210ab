//! Identity tokens as attackers have made them, and what is left of each: a refusal.
use super::publishing::Site;
use serde_json::{Value, json};
use std::time::Duration;
use tamis_e2e::build_issuer::{encode, signed, signed_text};

const GOOD: &str = r#"{"alg":"RS256","kid":"rsa","typ":"JWT"}"#;

/// Refused, by one of the two words for it.
async fn refused(site: &Site, what: &str, token: &str) {
    let reply = site.exchange(token).await;
    let code = reply.json()["code"].clone();
    let fits = matches!((reply.status, code.as_str().unwrap()), (403, "untrusted-token") | (400, "invalid"));
    assert!(fits, "{what}: {} {}", reply.status, reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_brings_its_own_key_or_algorithm() {
    let site = Site::build().await;
    let with = |field: &str, value: Value| {
        let mut header: Value = serde_json::from_str(GOOD).unwrap();
        header[field] = value;
        header
    };
    let key = site.issuer.documents.lock().unwrap().keys["keys"][0].clone();
    let jku = json!(format!("{}/keys", site.issuer.url));
    let mut headers =
        vec![with("jwk", key), with("jku", jku.clone()), with("x5u", jku), with("x5c", json!(["MIIB"]))];
    headers.extend(
        ["none", "None", "NONE", "nOnE", "HS256", " HS256", "RS512", "PS256", "ES384", ""]
            .map(|a| with("alg", json!(a))),
    );
    headers.extend([json!(null), json!(1), json!(["RS256"])].map(|a| with("alg", a)));
    headers.extend(
        ["ed", "ec", "secret", "other-use", "", "../../keys/rsa", "rsa' OR '1'='1", "RSA", "rsa\0"]
            .map(|k| with("kid", json!(k))),
    );
    headers.push(with("kid", json!("k".repeat(5000))));
    headers.extend([json!(null), json!(7), json!(["rsa"])].map(|k| with("kid", k)));
    headers.extend([with("crit", json!(["exp"])), with("crit", json!([])), with("zip", json!("DEF"))]);
    headers.extend([with("b64", json!(false)), with("enc", json!("A128GCM")), with("typ", json!("at+jwt"))]);
    for header in &headers {
        refused(&site, &header.to_string(), &signed(header, &site.claims())).await;
        // The same with a true signature of the right key.
        let message = format!("{}.{}", encode(header.to_string()), encode(site.claims().to_string()));
        let stolen = signed_text(GOOD, &site.claims().to_string());
        refused(&site, "stolen signature", &format!("{message}.{}", stolen.rsplit('.').next().unwrap()))
            .await;
    }
    for text in [
        r#"{"alg":"none","alg":"RS256","kid":"rsa"}"#,
        r#"{"alg":"RS256","alg":"none","kid":"rsa"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"kid":"rsa"}"#,
        "[]",
        "null",
        "{",
    ] {
        refused(&site, text, &signed_text(text, &site.claims().to_string())).await;
    }
    site.exchange(&signed_text(GOOD, &site.claims().to_string())).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_claim_is_missing_of_another_type_or_of_another_time() {
    let site = Site::build().await;
    let now = site.now();
    for claim in ["iss", "aud", "exp", "nbf", "iat", "jti"] {
        let mut claims = site.claims();
        claims.as_object_mut().unwrap().remove(claim);
        refused(&site, &format!("without {claim}"), &site.issuer.token(&claims)).await;
        for value in [Value::Null, json!(true), json!({}), json!([]), json!([[]])] {
            let mut claims = site.claims();
            claims[claim] = value;
            refused(&site, &format!("{claim} {}", claims[claim]), &site.issuer.token(&claims)).await;
        }
    }
    for (claim, value) in [
        ("exp", json!(now - 1)),
        ("exp", json!((now + 300).to_string())),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("exp", json!(u64::MAX)),
        ("nbf", json!("0")),
        ("nbf", json!(now + 120)),
        ("nbf", json!(i64::MAX)),
        ("iat", json!(now + 120)),
        ("iat", json!(now - 3601)),
        ("iat", json!(i64::MIN)),
        ("iat", json!("now")),
        ("aud", json!("")),
        ("aud", json!(["", site.app.state.public_url])),
        ("aud", json!(format!("{}/", site.app.state.public_url))),
        ("aud", json!(site.app.state.public_url.to_uppercase())),
        ("iss", json!(format!("{}/", site.issuer.url))),
        ("iss", json!([site.issuer.url])),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!("j".repeat(501))),
        ("jti", json!("a\0b")),
    ] {
        let mut claims = site.claims();
        claims[claim] = value;
        refused(&site, &format!("{claim} {}", claims[claim]), &site.issuer.token(&claims)).await;
    }
    let twice = site.claims().to_string().replacen('{', r#"{"exp":1,"#, 1);
    refused(&site, "exp twice", &signed_text(GOOD, &twice)).await;
    let old = site.issuer.token(&site.claims());
    site.app.clock.advance(Duration::from_secs(301));
    refused(&site, "expired", &old).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_shape_of_a_token_is_more_than_a_refusal() {
    let site = Site::build().await;
    let good = site.issuer.token(&site.claims());
    let parts: Vec<_> = good.split('.').collect();
    let (head, body, mark) = (parts[0], parts[1], parts[2]);
    let zero = encode([0; 64]);
    let es = format!("{}.{body}.{zero}", encode(r#"{"alg":"ES256","kid":"ec"}"#));
    let shapes = [
        String::new(),
        ".".into(),
        "..".into(),
        "...".into(),
        ".".repeat(16_000),
        ".".repeat(1_000_000),
        format!("{head}.{body}"),
        format!("{head}.{body}."),
        format!("{head}..{mark}"),
        format!(".{body}.{mark}"),
        format!("{good}."),
        format!("{good}.{mark}"),
        format!("{good}="),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{head}.{body}.{}", &mark[..mark.len() - 4]),
        format!("{head}.{body}.{mark}AAAA"),
        format!("{head}.{}.{mark}", encode(site.claims().to_string())),
        format!("{}.{body}.{mark}", encode("\u{feff}{}")),
        format!("{}.{body}.{mark}", encode([0xff, 0xfe])),
        format!("{head}.{}.{mark}", encode("[".repeat(10_000))),
        "ä.ö.ü".into(),
        es,
    ];
    for shape in &shapes {
        refused(&site, &shape.chars().take(80).collect::<String>(), shape).await;
    }
    // Each byte of the signature counts.
    for at in [0, 10, mark.len() - 2] {
        let mut other: Vec<u8> = mark.bytes().collect();
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(other).unwrap();
        refused(&site, "another signature", &format!("{head}.{body}.{other}")).await;
    }
    site.exchange(&good).await.expect(201);
}
