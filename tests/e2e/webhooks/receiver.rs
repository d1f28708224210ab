//! A receiver of webhooks: answers as it is told, keeps what came, and checks signatures as the
//! specification says a receiver should.
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

#[derive(Clone, Debug)]
pub struct Message {
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Message {
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether one of its signatures was made with this secret; calls nothing of the service.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
        let content = format!("{}.{}.{}", self.id(), self.headers["webhook-timestamp"], self.body);
        self.headers["webhook-signature"].split(' ').any(|one| {
            let signature = STANDARD.decode(one.strip_prefix("v1,").unwrap()).unwrap();
            aws_lc_rs::hmac::verify(&key, content.as_bytes(), &signature).is_ok()
        })
    }
}

struct Kept {
    /// The statuses of the next answers; then 204.
    statuses: VecDeque<u16>,
    /// With each answer.
    head: &'static str,
    messages: Vec<Message>,
}

pub struct Receiver {
    pub url: String,
    kept: Arc<Mutex<Kept>>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub async fn start(statuses: impl IntoIterator<Item = u16>) -> Self {
        Self::start_with(statuses, "").await
    }

    pub async fn start_with(statuses: impl IntoIterator<Item = u16>, head: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let statuses = statuses.into_iter().collect();
        let kept = Arc::new(Mutex::new(Kept { statuses, head, messages: vec![] }));
        let shared = kept.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, shared.clone()));
            }
        });
        Self { url, kept, task }
    }

    pub fn messages(&self) -> Vec<Message> {
        self.kept.lock().unwrap().messages.clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(stream: TcpStream, kept: Arc<Mutex<Kept>>) {
    let mut stream = BufReader::new(stream);
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None if line.trim_end().is_empty() => break,
            None => None,
        };
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    let message = Message { headers, body: String::from_utf8(body).unwrap() };
    let (status, more) = {
        let mut kept = kept.lock().unwrap();
        kept.messages.push(message);
        (kept.statuses.pop_front().unwrap_or(204), kept.head)
    };
    let location = if (300..400).contains(&status) { "Location: http://127.0.0.1:1/\r\n" } else { "" };
    let head =
        format!("HTTP/1.1 {status} X\r\n{location}{more}Content-Length: 0\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.shutdown().await;
}
