//! TLS: only a valid certificate for the very name, and no way down to plain http.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tamis_outbound::{Client, OutboundError, Url};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::stub::{Answer, Scripted, Stub, client_with, ok, redirect, speak};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn acceptor(&self, name: &str, until: i32) -> TlsAcceptor {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A TLS server that gives every request the same answer; counts requests that got through.
async fn serve(acceptor: TlsAcceptor, answer: Vec<u8>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(AtomicUsize::new(0));
    let count = requests.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut buffer = [0; 4096];
            if stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                count.fetch_add(1, Ordering::SeqCst);
                let _ = speak(stream, Answer::Bytes(answer.clone())).await;
            }
        }
    });
    (address, requests)
}

fn trusting(authority: &Authority) -> Client {
    let resolver = Scripted::new(&[&["127.0.0.1"]]);
    client_with(&["127.0.0.0/8"], &resolver).with_roots(authority.0.pem().as_bytes()).unwrap()
}

async fn fetch(client: &Client, url: &str) -> Result<Vec<u8>, OutboundError> {
    let directory = tempfile::tempdir().unwrap();
    let spool = directory.path().join("spool");
    client.fetch_to_file(&Url::parse(url).unwrap(), &spool).await?;
    Ok(std::fs::read(&spool).unwrap())
}

#[tokio::test]
async fn a_valid_certificate_for_the_name_is_accepted() {
    let authority = Authority::new();
    let (address, _) = serve(authority.acceptor("registry.example", 2090), ok(b"module")).await;
    let url = format!("https://registry.example:{}/f.wasm", address.port());
    assert_eq!(fetch(&trusting(&authority), &url).await.unwrap(), b"module");
}

#[tokio::test]
async fn wrong_names_expired_and_unknown_certificates_are_tls_errors_and_get_no_request() {
    let authority = Authority::new();
    for (name, until, client) in [
        ("other.example", 2090, trusting(&authority)),
        ("registry.example", 2021, trusting(&authority)),
        ("registry.example", 2090, trusting(&Authority::new())),
        ("registry.example", 2090, client_with(&["127.0.0.0/8"], &Scripted::new(&[&["127.0.0.1"]]))),
    ] {
        let (address, requests) = serve(authority.acceptor(name, until), ok(b"module")).await;
        let url = format!("https://registry.example:{}/f.wasm", address.port());
        let error = fetch(&client, &url).await.unwrap_err();
        assert!(matches!(error, OutboundError::Tls { .. }), "{name} {until}: {error}");
        assert_eq!(requests.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_server_without_tls_is_a_tls_error() {
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = plain.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = plain.accept().await {
            tokio::spawn(speak(stream, Answer::Bytes(ok(b"plain"))));
        }
    });
    let authority = Authority::new();
    let url = format!("https://registry.example:{}/", address.port());
    let error = fetch(&trusting(&authority), &url).await.unwrap_err();
    assert_eq!(error.kind(), "tls", "{error}");
}

#[tokio::test]
async fn a_redirect_from_https_to_http_is_not_followed() {
    let plain = Stub::start(|_| Answer::Bytes(ok(b"plain"))).await;
    let authority = Authority::new();
    let target = plain.named("registry.example", "/f.wasm").to_string();
    let (address, _) = serve(authority.acceptor("registry.example", 2090), redirect(302, &target)).await;
    let url = format!("https://registry.example:{}/", address.port());
    let error = fetch(&trusting(&authority), &url).await.unwrap_err();
    assert!(error.to_string().contains("from https to http"), "{error}");
    assert_eq!(plain.connections(), 0);
}

#[tokio::test]
async fn a_redirect_from_http_to_https_is_followed() {
    let authority = Authority::new();
    let (address, _) = serve(authority.acceptor("registry.example", 2090), ok(b"module")).await;
    let target = format!("https://registry.example:{}/f.wasm", address.port());
    let plain = Stub::start(move |_| Answer::Bytes(redirect(301, &target))).await;
    let url = plain.named("registry.example", "/").to_string();
    assert_eq!(fetch(&trusting(&authority), &url).await.unwrap(), b"module");
}

#[test]
fn root_certificates_that_are_none_are_refused() {
    let client = client_with(&[], &Scripted::new(&[&[]]));
    for pem in [&b""[..], b"not pem", b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
        assert!(client.with_roots(pem).is_err());
    }
}
