//! HTTP by hand: what a client library would never send.
use std::time::Duration;
use tamis_e2e::{client::Person, client::Reply};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(10);

pub fn address(person: &Person) -> String {
    person.base.trim_start_matches("http://").to_owned()
}

/// Everything that comes back for these bytes until the server closes or falls silent.
pub async fn exchange(person: &Person, bytes: &[u8], silence: Duration) -> Vec<u8> {
    let mut stream = TcpStream::connect(address(person)).await.unwrap();
    let (mut read, mut write) = stream.split();
    let sending = async {
        // The server may have refused and closed already; what it said is still to be read.
        let _ = write.write_all(bytes).await;
        let _ = write.flush().await;
        std::future::pending::<()>().await
    };
    let receiving = async {
        let (mut all, mut buffer) = (Vec::new(), [0; 16 * 1024]);
        while let Ok(Ok(n @ 1..)) = timeout(silence, read.read(&mut buffer)).await {
            all.extend_from_slice(&buffer[..n]);
        }
        all
    };
    tokio::select! {
        () = sending => unreachable!(),
        all = receiving => all,
    }
}

/// One request with an end of its own; the target goes out as it is written here.
pub async fn request(person: &Person, method: &str, target: &str, headers: &[&str], body: &[u8]) -> Reply {
    let mut bytes =
        format!("{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", address(person));
    if let Some(token) = &person.token {
        bytes += &format!("Authorization: Bearer {token}\r\n");
    }
    for header in headers {
        bytes += &format!("{header}\r\n");
    }
    if !headers.iter().any(|h| h.to_lowercase().starts_with("transfer-encoding")) {
        bytes += &format!("Content-Length: {}\r\n", body.len());
    }
    let mut bytes = (bytes + "\r\n").into_bytes();
    bytes.extend_from_slice(body);
    let answer = exchange(person, &bytes, PATIENCE).await;
    parse(&answer).unwrap_or_else(|| panic!("no answer to {method} {}", &target[..target.len().min(200)]))
}

/// The first answer in what came.
pub fn parse(answer: &[u8]) -> Option<Reply> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = reqwest::header::HeaderMap::new();
    for (name, value) in lines.filter_map(|l| l.split_once(':')) {
        let name: reqwest::header::HeaderName = name.parse().ok()?;
        headers.append(name, value.trim().parse().ok()?);
    }
    Some(Reply { status, headers, body: answer[end + 4..].to_vec() })
}

/// How many answers there are in what came.
pub fn answers(bytes: &[u8]) -> usize {
    bytes.windows(9).filter(|w| w == b"HTTP/1.1 ").count()
}

/// In chunks of a transfer coding.
pub fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(size) {
        out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"0\r\n\r\n");
    out
}

/// A text as the value of a query parameter.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02x}") })
        .collect()
}
