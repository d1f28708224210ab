//! A stand-in for the web: answers as it is told, and counts who comes and what they take.
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

#[derive(Clone)]
pub enum Answer {
    Body(Vec<u8>),
    Status(u16),
    Redirect(String),
    /// Bytes without an end, counted as they leave.
    Endless,
    /// Announces more than it sends, and goes away.
    Short,
    /// Announces this much and sends a little of it.
    Announced(u64),
}

pub struct Stub {
    pub base: String,
    opened: Arc<AtomicUsize>,
    pub sent: Arc<AtomicUsize>,
    pub heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Stub {
    pub async fn start(routes: impl IntoIterator<Item = (&'static str, Answer)>) -> Self {
        Self::on("127.0.0.1:0", routes).await
    }

    pub async fn on(address: &str, routes: impl IntoIterator<Item = (&'static str, Answer)>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let routes: HashMap<_, _> = routes.into_iter().collect();
        let (opened, sent) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let heads = Arc::new(Mutex::new(vec![]));
        let (counted, bytes, seen) = (opened.clone(), sent.clone(), heads.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Relaxed);
                tokio::spawn(answer(stream, routes.clone(), bytes.clone(), seen.clone()));
            }
        });
        Self { base, opened, sent, heads, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub fn opened(&self) -> usize {
        self.opened.load(Relaxed)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    mut stream: TcpStream,
    routes: HashMap<&'static str, Answer>,
    sent: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
) {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    heads.lock().unwrap().push(head);
    let plain = |status: u16, more: &str| format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{more}\r\n");
    let body = [0x5a; 16 * 1024];
    let (head, body, endless) = match routes.get(path.as_str()).cloned().unwrap_or(Answer::Status(404)) {
        Answer::Body(bytes) => (plain(200, &format!("Content-Length: {}\r\n", bytes.len())), bytes, false),
        Answer::Status(status) => (plain(status, "Content-Length: 0\r\n"), vec![], false),
        Answer::Redirect(to) => {
            (plain(302, &format!("Location: {to}\r\nContent-Length: 0\r\n")), vec![], false)
        }
        Answer::Endless => (plain(200, ""), vec![], true),
        Answer::Short => (plain(200, "Content-Length: 100000\r\n"), body.to_vec(), false),
        Answer::Announced(n) => (plain(200, &format!("Content-Length: {n}\r\n")), body.to_vec(), false),
    };
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
    while endless && stream.write_all(&[0x5a; 16 * 1024]).await.is_ok() {
        sent.fetch_add(16 * 1024, Relaxed);
    }
    let _ = stream.shutdown().await;
}
