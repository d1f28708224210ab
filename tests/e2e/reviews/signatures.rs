//! Signatures as cosign leaves them in a repository, judged by the keys of the policy and by nothing else.
use super::policy::under;
use crate::registry::{CONFIG, IMAGE, Repo, repo};
use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tamis_e2e::{app::TestApp, client::Person, fixtures::distinct};

const SIMPLE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()
}

fn sign(key: &EcdsaKeyPair, message: &[u8]) -> String {
    STANDARD.encode(key.sign(&SystemRandom::new(), message).unwrap())
}

/// The public key as the policy has it.
fn pem(key: &impl AsDer<PublicKeyX509Der<'static>>) -> String {
    let body = STANDARD.encode(key.as_der().unwrap().as_ref());
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

fn payload(digest: &str) -> Vec<u8> {
    let image = json!({"docker-manifest-digest": digest});
    let critical = json!({"identity": {"docker-reference": ""}, "image": image, "type": "cosign container image signature"});
    serde_json::to_vec(&json!({"critical": critical, "optional": null})).unwrap()
}

/// Puts signatures where cosign 2 looks for them: payloads with what was made over them.
async fn put(own: &Repo<'_>, digest: &str, signatures: &[(Vec<u8>, String)]) {
    let config = own.blob(b"{}", CONFIG).await;
    let mut layers = vec![];
    for (payload, signature) in signatures {
        let mut layer = own.blob(payload, SIMPLE).await;
        layer["annotations"] = json!({"dev.cosignproject.cosign/signature": signature});
        layers.push(layer);
    }
    let manifest = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers});
    let tag = format!("{}.sig", digest.replace(':', "-"));
    own.put(&tag, IMAGE, &serde_json::to_vec(&manifest).unwrap()).await.expect(201);
}

/// An uploaded draft; the digest of the manifest by which it is pulled.
async fn draft(author: &Person, filter: &str) -> String {
    author.upload(filter, "1.0.0", distinct(filter, 100)).await.expect(201);
    let release = author.get(&format!("/api/v1/filters/{filter}/releases/1.0.0")).await.expect(200).json();
    let forms = release["forms"].as_array().unwrap();
    let compat = forms.iter().find(|form| form["kind"] == "oci-compat").unwrap();
    compat["digest"].as_str().unwrap().to_owned()
}

/// State of the review, result of the check, and what it says, after the checks have run again.
async fn judged(app: &TestApp, author: &Person, review: &Value) -> (String, String, String) {
    let path = format!("/api/v1/reviews/{}", review["id"].as_str().unwrap());
    author.post(&format!("{path}/checks"), &json!({})).await;
    app.drain_jobs().await;
    let view = author.get(&path).await.expect(200).json();
    let check = view["checks"].as_array().unwrap().iter().find(|c| c["id"] == "signature").unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&view["state"]), text(&check["result"]), text(&check["findings"][0]["message"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_unsigned_is_published_where_the_policy_asks_for_a_signature() {
    let (trusted, stranger) = (key(), key());
    let root = format!(
        "trust_roots = [{{ name = \"Alice's key\", namespaces = [\"alice\"], key = \"\"\"\n{}\"\"\" }}]",
        pem(trusted.public_key())
    );
    let app =
        under(&format!("[checks]\nrequired = [\"verification\", \"signature\"]\n[signatures]\n{root}\n"))
            .await;
    let (alice, carl, bob) = (app.author("alice").await, app.curator("carl").await, app.author("bob").await);
    let digest = draft(&alice, "alice/f").await;
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    let blocked = |said: &str| ("blocked_by_checks".to_owned(), "fail".to_owned(), said.to_owned());
    assert_eq!(judged(&app, &alice, &review).await, blocked("it is not signed"));

    let own = repo(&alice, "alice/f");
    let (right, other) = (payload(&digest), payload(&format!("sha256:{}", "0".repeat(64))));
    let by_stranger = (right.clone(), sign(&stranger, &right));
    put(&own, &digest, std::slice::from_ref(&by_stranger)).await;
    let strangers = |n: usize| blocked(&format!("no trust root has signed it; signatures of others: {n}"));
    assert_eq!(judged(&app, &alice, &review).await, strangers(1));
    // The right key over something else, and its signature moved onto our payload.
    let of_other = (other.clone(), sign(&trusted, &other));
    let moved = (right.clone(), sign(&trusted, &other));
    put(&own, &digest, &[of_other.clone(), moved.clone(), by_stranger.clone()]).await;
    assert_eq!(judged(&app, &alice, &review).await, strangers(2));
    put(&own, &digest, &[of_other, moved, by_stranger, (right.clone(), sign(&trusted, &right))]).await;
    let signed = "signed with the key “Alice's key”".to_owned();
    assert_eq!(judged(&app, &alice, &review).await, ("in_review".into(), "pass".into(), signed));
    let review = alice.get(&format!("/api/v1/reviews/{}", review["id"].as_str().unwrap())).await.json();
    carl.vote(&review, "approve").await.expect(200);
    alice.release(&review).await.expect(200);

    // The key counts in Alice's namespace alone, whatever it signs.
    let digest = draft(&bob, "bob/f").await;
    put(&repo(&bob, "bob/f"), &digest, &[(payload(&digest), sign(&trusted, &payload(&digest)))]).await;
    let review = bob.submit("bob/f", "1.0.0", "publish").await.expect(201).json();
    let without = "the policy asks for a signature, and has no key for this namespace";
    assert_eq!(judged(&app, &bob, &review).await, blocked(without));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_refers_to_the_manifest_counts_and_advises_where_nothing_is_asked() {
    let trusted = Ed25519KeyPair::generate().unwrap();
    let root = format!(
        "trust_roots = [{{ name = \"release\", key = \"\"\"\n{}\"\"\" }}]",
        pem(trusted.public_key())
    );
    let app = under(&format!("[signatures]\n{root}\n")).await;
    let alice = app.author("alice").await;
    app.curator("carl").await;
    let digest = draft(&alice, "alice/f").await;
    let review = alice.submit("alice/f", "1.0.0", "publish").await.expect(201).json();
    let advised = ("in_review".to_owned(), "warn".to_owned(), "it is not signed".to_owned());
    assert_eq!(judged(&app, &alice, &review).await, advised);

    let own = repo(&alice, "alice/f");
    let bundle = |predicate: &str, hex: &str| {
        let statement = json!({"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": hex}}], "predicateType": predicate, "predicate": {}});
        let (kind, payload) = ("application/vnd.in-toto+json", serde_json::to_vec(&statement).unwrap());
        let mut message = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
        message.extend_from_slice(&payload);
        let signature = STANDARD.encode(trusted.sign(&message));
        let envelope = json!({"payload": STANDARD.encode(&payload), "payloadType": kind, "signatures": [{"sig": signature}]});
        serde_json::to_vec(&json!({"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": "x"}}, "dsseEnvelope": envelope})).unwrap()
    };
    let hex = digest.strip_prefix("sha256:").unwrap();
    let cases = [
        // An SBOM that somebody vouches for is no signature of the module.
        (bundle("https://spdx.dev/Document", hex), "warn"),
        (bundle("https://sigstore.dev/cosign/sign/v1", &"0".repeat(64)), "warn"),
        (b"{}".to_vec(), "warn"),
        (bundle("https://sigstore.dev/cosign/sign/v1", hex), "pass"),
    ];
    for (bytes, result) in cases {
        let (config, layer) =
            (own.blob(b"{}", "application/vnd.oci.empty.v1+json").await, own.blob(&bytes, BUNDLE).await);
        let subject = json!({"mediaType": IMAGE, "digest": digest, "size": 1});
        let manifest = json!({"schemaVersion": 2, "mediaType": IMAGE, "artifactType": BUNDLE, "config": config, "layers": [layer], "subject": subject});
        let manifest = serde_json::to_vec(&manifest).unwrap();
        own.put(&crate::registry::digest(&manifest), IMAGE, &manifest).await.expect(201);
        assert_eq!(judged(&app, &alice, &review).await.1, result, "{}", String::from_utf8_lossy(&bytes));
    }
}
