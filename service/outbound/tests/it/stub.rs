//! A tiny HTTP server and scripted name resolution.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tamis_outbound::{Client, Guard, Limits, Resolve, Resolving, SystemResolver, Url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub enum Answer {
    /// These bytes, then the end of the connection.
    Bytes(Vec<u8>),
    /// The first bytes, then the second for ever.
    Endless(Vec<u8>, Vec<u8>),
    /// The bytes, then one byte each tenth of a second.
    Drip(Vec<u8>),
    /// The bytes, then nothing, with the connection open.
    Silence(Vec<u8>),
}

pub struct Stub {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stub {
    pub async fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_on("127.0.0.1", answer).await
    }

    /// `answer` gets the path and query of a request.
    pub async fn start_on(ip: &str, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        Self::run(listener, answer)
    }

    /// On the port of another stub, so that only the address tells them apart.
    pub async fn beside(other: &Stub, ip: &str) -> Self {
        let listener = TcpListener::bind((ip, other.address.port())).await.unwrap();
        Self::run(listener, |_| Answer::Bytes(ok(b"inside")))
    }

    fn run(listener: TcpListener, answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (count, heads, answer) = (connections.clone(), requests.clone(), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, heads.clone(), answer.clone()));
            }
        });
        Self { address, connections, requests, task }
    }

    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    pub fn named(&self, host: &str, path: &str) -> Url {
        Url::parse(&format!("http://{host}:{}{path}", self.address.port())).unwrap()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The requests' heads and the beginning of their bodies.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn converse<F: Fn(&str) -> Answer>(
    mut stream: TcpStream,
    requests: Arc<Mutex<Vec<String>>>,
    answer: Arc<F>,
) {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    while !seen.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(count) if count > 0 => seen.extend_from_slice(&buffer[..count]),
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&seen).into_owned();
    let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
    requests.lock().unwrap().push(text);
    let _ = speak(stream, answer(&path)).await;
}

pub async fn speak(
    mut stream: impl tokio::io::AsyncWrite + tokio::io::AsyncRead + Unpin,
    answer: Answer,
) -> std::io::Result<()> {
    match answer {
        Answer::Bytes(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await?;
            // Wait for the other side, so that it reads the answer and not a reset.
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await?;
        }
        Answer::Endless(first, rest) => {
            stream.write_all(&first).await?;
            loop {
                stream.write_all(&rest).await?;
            }
        }
        Answer::Drip(first) => {
            stream.write_all(&first).await?;
            loop {
                tokio::time::sleep(Duration::from_millis(100)).await;
                stream.write_all(b"x").await?;
            }
        }
        Answer::Silence(first) => {
            stream.write_all(&first).await?;
            std::future::pending::<()>().await;
        }
    }
    Ok(())
}

pub fn ok(body: &[u8]) -> Vec<u8> {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/wasm\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

pub fn status(line: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

pub fn redirect(code: u16, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {code} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// Short waits and small bounds, so that a test of them ends soon.
pub fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        total: Duration::from_secs(20),
        idle: Duration::from_secs(10),
        max_bytes: 1 << 20,
        max_unpacked: 4 << 20,
        max_entries: 1000,
        max_redirects: 3,
    }
}

pub fn guard(networks: &[&str]) -> Guard {
    Guard::new(networks.iter().map(|network| network.parse().unwrap()).collect())
}

/// A client that may reach these networks and knows names as the machine does.
pub fn client(networks: &[&str]) -> Client {
    Client::new(guard(networks), limits(), Arc::new(SystemResolver), "tamis-test/1")
}

pub fn client_with(networks: &[&str], resolver: &Arc<Scripted>) -> Client {
    Client::new(guard(networks), limits(), resolver.clone(), "tamis-test/1")
}

/// Gives the listed answers one after the other, the last one for ever.
pub struct Scripted {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    pub fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Self { answers: Mutex::new(answers.iter().map(parse).collect()), asked: Mutex::default() })
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Resolve for Scripted {
    fn resolve(&self, host: &str) -> Resolving {
        self.asked.lock().unwrap().push(host.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(std::future::ready(Ok(answer.unwrap_or_default())))
    }
}
